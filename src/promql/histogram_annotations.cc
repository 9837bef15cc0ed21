#include "promql/histogram_annotations.h"

namespace luma::promql {
namespace {

std::string WithMetric(std::string_view text, std::string_view metric) {
  return std::string(text).append(" \"").append(metric).append("\"");
}

}  // namespace

void WarnAboutMixedKinds(std::string_view metric, Annotations& annotations) {
  annotations.Warn(
      WithMetric("encountered a mix of histograms and floats for metric name", metric));
}

void WarnAboutMixedSchemas(std::string_view metric, Annotations& annotations) {
  annotations.Warn(
      WithMetric("vector contains a mix of histograms with exponential and custom buckets schemas "
                 "for metric name",
                 metric));
}

void WarnAboutNonCounter(std::string_view metric, Annotations& annotations) {
  annotations.Warn(WithMetric("this native histogram metric is not a counter:", metric));
}

void WarnAboutNonGauge(std::string_view metric, Annotations& annotations) {
  annotations.Warn(WithMetric("this native histogram metric is not a gauge:", metric));
}

void InformAboutIgnoredInRange(std::string_view metric, Annotations& annotations) {
  annotations.Inform(WithMetric(
      "ignored histograms in a range containing both floats and histograms for metric name",
      metric));
}

void InformAboutIgnoredInAggregation(std::string_view aggregation, Annotations& annotations) {
  annotations.Inform("ignored histogram in " + std::string(aggregation) + " aggregation");
}

void InformAboutReconciledBounds(std::string_view operation, Annotations& annotations) {
  annotations.Inform("mismatched custom buckets were reconciled during " + std::string(operation));
}

void WarnAboutCollidingHints(std::string_view operation, Annotations& annotations) {
  annotations.Warn("conflicting counter resets during histogram " + std::string(operation));
}

}  // namespace luma::promql
