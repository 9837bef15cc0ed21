#include "server/cardinality_metrics.h"

#include <string>

namespace luma::server {
namespace {

using Kind = MetricsRegistry::Kind;
using storage::CardinalityLimit;
using storage::CardinalityRanking;
using storage::MetricsStore;

constexpr CardinalityLimit kLimits[] = {CardinalityLimit::kSeries,
                                        CardinalityLimit::kSeriesPerMetric,
                                        CardinalityLimit::kValuesPerLabel};

uint64_t LimitOf(const MetricsStore& metrics, CardinalityLimit limit) {
  const storage::CardinalityLimits limits = metrics.cardinality().limits();
  if (limit == CardinalityLimit::kSeries) return limits.series;
  return limit == CardinalityLimit::kSeriesPerMetric ? limits.series_per_metric
                                                     : limits.values_per_label;
}

uint64_t CurrentOf(const MetricsStore& metrics, CardinalityLimit limit) {
  if (limit == CardinalityLimit::kSeries) return metrics.registry().series_count();
  const CardinalityRanking largest = limit == CardinalityLimit::kSeriesPerMetric
                                         ? metrics.cardinality().LargestMetrics(1)
                                         : metrics.cardinality().LargestLabels(1);
  return largest.empty() ? 0 : largest.front().second;
}

struct CardinalityMetric {
  Kind kind;
  std::string_view name;
  std::string_view help;
  uint64_t (*read)(const MetricsStore&, CardinalityLimit);
};

constexpr CardinalityMetric kMetrics[] = {
    {Kind::kGauge, "luma_cardinality_limit", "The limit; 0: none.", LimitOf},
    {Kind::kGauge, "luma_cardinality_current",
     "Series; those of the largest metric; values of the largest label. 0 for what has no limit.",
     CurrentOf},
    {Kind::kCounter, "luma_cardinality_series_refused_total",
     "New series kept out by the limit, again with each write.",
     [](const MetricsStore& metrics, CardinalityLimit limit) -> uint64_t {
       return metrics.cardinality().refused(limit).series;
     }},
    {Kind::kCounter, "luma_cardinality_samples_refused_total", "Their samples.",
     [](const MetricsStore& metrics, CardinalityLimit limit) -> uint64_t {
       return metrics.cardinality().refused(limit).samples;
     }},
};

}  // namespace

std::vector<MetricsRegistry::Callback> RegisterCardinalityMetrics(const MetricsStore& metrics,
                                                                  MetricsRegistry& registry) {
  std::vector<MetricsRegistry::Callback> callbacks;
  for (const CardinalityMetric& metric : kMetrics) {
    for (const CardinalityLimit limit : kLimits) {
      const auto read = [&metrics, limit, read = metric.read] {
        return static_cast<double>(read(metrics, limit));
      };
      const std::string_view name = storage::kCardinalityLimitNames[static_cast<size_t>(limit)];
      callbacks.push_back(registry.AddCallback(metric.kind, metric.name, metric.help, read,
                                               {{"limit", std::string(name)}}));
    }
  }
  return callbacks;
}

}  // namespace luma::server
