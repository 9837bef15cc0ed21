// What the user is told about native histograms, in Prometheus' words.
#pragma once

#include <string>
#include <string_view>

#include "model/float_histogram.h"
#include "promql/annotations.h"

namespace luma::promql {

void WarnAboutMixedKinds(std::string_view metric, Annotations& annotations);
void WarnAboutMixedSchemas(std::string_view metric, Annotations& annotations);
void WarnAboutNonCounter(std::string_view metric, Annotations& annotations);
void WarnAboutNonGauge(std::string_view metric, Annotations& annotations);
void InformAboutIgnoredInRange(std::string_view metric, Annotations& annotations);
void InformAboutIgnoredInAggregation(std::string_view aggregation, Annotations& annotations);
void InformAboutReconciledBounds(std::string_view operation, Annotations& annotations);
void WarnAboutCollidingHints(std::string_view operation, Annotations& annotations);

// The operations of the last two.
inline constexpr std::string_view kHistogramAddition = "addition";
inline constexpr std::string_view kHistogramSubtraction = "subtraction";
inline constexpr std::string_view kHistogramAggregation = "aggregation";

// Tells of hints that say reset and others that say none, among histograms that are added up.
class HintWatch {
 public:
  void Look(const FloatHistogram& histogram) {
    reset_ = reset_ || histogram.hint == ResetHint::kReset;
    not_reset_ = not_reset_ || histogram.hint == ResetHint::kNotReset;
  }
  void Report(std::string_view operation, Annotations& annotations) const {
    if (reset_ && not_reset_) WarnAboutCollidingHints(operation, annotations);
  }

 private:
  bool reset_ = false;
  bool not_reset_ = false;
};

}  // namespace luma::promql
