// Answers windows by the kinds of samples they hold.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "promql/histogram_annotations.h"
#include "promql/range_value.h"
#include "promql/vector_value.h"

namespace luma::promql {

// A cell that is a histogram, or absent without one.
inline void SetOrClear(std::optional<FloatHistogram> histogram, size_t row, size_t step,
                       VectorValue& out) {
  if (!histogram) return out.Clear(row, step);
  out.SetHistogram(row, step, std::make_shared<const FloatHistogram>(*std::move(histogram)));
}

// The cells of one series with histograms, in which its floats alone have been answered.
class HistogramCells {
 public:
  HistogramCells(const RangeSeries& series, size_t row, VectorValue& out, Annotations& annotations)
      : series_(series), row_(row), out_(out), annotations_(annotations) {}

  // Histograms alone are answered by compute(window), an optional histogram; floats alone have been
  // answered; both together are no answer but a warning.
  template <typename Compute>
  void Answer(size_t step, const Window& window, Compute compute) {
    switch (window.kind()) {
      case WindowKind::kFloats:
        return;
      case WindowKind::kBoth:
        WarnAboutMixedKinds(series_.labels.metric_name(), annotations_);
        return out_.Clear(row_, step);
      case WindowKind::kHistograms:
        return SetOrClear(compute(window), row_, step, out_);
    }
  }

 private:
  const RangeSeries& series_;
  const size_t row_;
  VectorValue& out_;
  Annotations& annotations_;
};

}  // namespace luma::promql
