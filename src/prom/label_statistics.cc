#include "prom/label_statistics.h"

namespace luma::prom {
namespace {

// Of a map from texts to counts.
template <typename Counts>
Ranking Largest(const Counts& counts, size_t limit) {
  return LargestOf(
      counts, limit, [](const auto& entry) { return entry.first; },
      [](const auto& entry) { return entry.second; });
}

}  // namespace

void LabelStatistics::Add(LabelsView labels) {
  ++series_;
  ++metrics_[labels.metric_name()];
  for (const LabelRef& label : labels) ++pairs_[{label.name, label.value}];
}

Ranking LabelStatistics::SeriesByMetric(size_t limit) const { return Largest(metrics_, limit); }

Ranking LabelStatistics::ValuesByLabel(size_t limit) const {
  std::unordered_map<std::string_view, uint64_t> values;
  for (const auto& [pair, count] : pairs_) ++values[pair.first];
  return Largest(values, limit);
}

Ranking LabelStatistics::ValueBytesByLabel(size_t limit) const {
  std::unordered_map<std::string_view, uint64_t> bytes;
  for (const auto& [pair, count] : pairs_) bytes[pair.first] += pair.second.size();
  return Largest(bytes, limit);
}

Ranking LabelStatistics::SeriesByPair(size_t limit) const {
  const auto name_of = [](const auto& entry) {
    const auto& [name, value] = entry.first;
    return std::string(name) + "=" + std::string(value);
  };
  return LargestOf(pairs_, limit, name_of, [](const auto& entry) { return entry.second; });
}

}  // namespace luma::prom
