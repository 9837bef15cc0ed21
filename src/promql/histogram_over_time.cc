#include "promql/histogram_over_time.h"

#include <optional>
#include <utility>

#include "promql/histogram_annotations.h"
#include "promql/histogram_sums.h"
#include "promql/histogram_windows.h"

namespace luma::promql {
namespace {

// The sum or mean of a window of histograms; none when they do not fit each other.
template <typename Aggregate>
std::optional<FloatHistogram> OfWindow(const Window& window, std::string_view metric,
                                       Annotations& annotations) {
  Aggregate aggregate;
  for (const HistogramPtr& histogram : window.histograms) {
    if (aggregate.Add(*histogram, annotations)) continue;
    WarnAboutMixedSchemas(metric, annotations);
    return std::nullopt;
  }
  return aggregate.Take(annotations);
}

template <typename Aggregate>
void AggregateOverTime(const RangeCall& call, const RangeSeries& series, size_t row,
                       VectorValue& out, Annotations& annotations) {
  HistogramCells cells(series, row, out, annotations);
  const auto compute = [&](const Window& window) {
    return OfWindow<Aggregate>(window, series.labels.metric_name(), annotations);
  };
  ForEachWindow(call.range, series,
                [&](size_t step, const Window& window) { cells.Answer(step, window, compute); });
}

// The first or the last sample, of whatever kind. Windows of floats alone are answered already, and
// by their rollups, whose points have last values.
template <bool kFirst>
void Edge(const RangeCall& call, const RangeSeries& series, size_t row, VectorValue& out,
          Annotations&) {
  ForEachWindow(call.range, series, [&](size_t step, const Window& window) {
    if (window.kind() == WindowKind::kFloats) return;
    const size_t i = kFirst ? 0 : window.size() - 1;
    if (window.histograms[i] == nullptr) {
      out.Set(row, step, window.values[i]);
    } else {
      out.SetHistogram(row, step, window.histograms[i]);
    }
  });
}

constexpr HistogramFunction kFunctions[] = {
    {"avg_over_time", AggregateOverTime<HistogramMean>},
    {"first_over_time", Edge<true>},
    {"last_over_time", Edge<false>},
    {"sum_over_time", AggregateOverTime<HistogramSum>},
};

}  // namespace

std::span<const HistogramFunction> HistogramOverTimeFunctions() { return kFunctions; }

}  // namespace luma::promql
