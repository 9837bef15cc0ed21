#include "storage/metrics/limit_refusals.h"

#include <fmt/format.h>

#include <iterator>
#include <set>

namespace luma::storage {
namespace {

std::string Reason(const CardinalityRefusal& refusal, LabelsView labels,
                   const CardinalityLimits& limits) {
  switch (refusal.limit) {
    case CardinalityLimit::kSeriesPerMetric:
      return fmt::format("too many series of a metric: metric={} limit={}", labels.metric_name(),
                         limits.series_per_metric);
    case CardinalityLimit::kValuesPerLabel:
      return fmt::format("too many values of a label: label={} limit={}",
                         std::next(labels.begin(), refusal.label)->name, limits.values_per_label);
    default:
      return fmt::format("too many series: limit={}", limits.series);
  }
}

}  // namespace

std::vector<RefusedEntries> SplitByWrite(const WriteGroup& group, const RefusedEntries& refused) {
  std::vector<RefusedEntries> by_write(group.size());
  auto next = refused.begin();
  size_t first = 0;
  for (size_t i = 0; i < group.size(); ++i) {
    const size_t end = first + group[i].batch.size();
    for (; next != refused.end() && next->entry < end; ++next) {
      const auto entry = static_cast<uint32_t>(next->entry - first);
      by_write[i].push_back({.entry = entry, .refusal = next->refusal});
    }
    first = end;
  }
  return by_write;
}

void TakeRefused(const SeriesBatch& batch, const RefusedEntries& refused, CardinalityCounts& counts,
                 WriteSummary& summary) {
  std::set<Hash128> seen;
  for (const auto& [entry, refusal] : refused) {
    const SeriesBatch::Series series = batch.series(entry);
    const bool is_first = seen.insert(series.hash).second;
    const uint64_t samples = series.samples.size();
    summary.samples_stored -= samples;
    summary.samples_refused += samples;
    summary.samples_over_limit += samples;
    if (series.has_histograms()) summary.histograms_stored -= samples;
    summary.exemplars_stored -= series.exemplars.size();
    summary.exemplars_refused += series.exemplars.size();
    summary.series_over_limit += is_first ? 1 : 0;
    counts.CountRefused(refusal.limit, {.series = is_first ? 1U : 0U, .samples = samples});
  }
  if (refused.empty()) return;
  const auto& [entry, refusal] = refused.front();
  summary.first_over_limit = Reason(refusal, batch.series(entry).labels, counts.limits());
  if (summary.first_refusal.empty()) summary.first_refusal = summary.first_over_limit;
}

}  // namespace luma::storage
