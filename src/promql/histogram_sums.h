// Sums and means of native histograms.
#pragma once

#include <optional>
#include <string_view>

#include "model/float_histogram.h"
#include "promql/annotations.h"
#include "promql/histogram_annotations.h"

namespace luma::promql {

// Adds up histograms. Tells the user about bounds that were reconciled and hints that collide.
// Thread-compatible.
class HistogramSum {
 public:
  // False when the histogram does not fit those before; nothing can be done with the sum then.
  bool Add(const FloatHistogram& histogram, Annotations& annotations);
  bool empty() const { return !sum_; }
  // At least one was added.
  FloatHistogram Take(Annotations& annotations);

 private:
  std::optional<CompensatedHistogram> sum_;
  HintWatch hints_;
};

// Their mean, also when their sum does not fit a double. The same contract.
class HistogramMean {
 public:
  bool Add(const FloatHistogram& histogram, Annotations& annotations);
  FloatHistogram Take(Annotations& annotations);

 private:
  bool AddToMean(const FloatHistogram& histogram, Annotations& annotations);

  std::optional<CompensatedHistogram> state_;  // the sum, or the mean once incremental
  double count_ = 0;
  bool incremental_ = false;
  HintWatch hints_;
};

}  // namespace luma::promql
