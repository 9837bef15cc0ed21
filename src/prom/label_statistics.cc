#include "prom/label_statistics.h"

#include <algorithm>

namespace luma::prom {
namespace {

template <typename Counts, typename NameOf>
Ranking Largest(const Counts& counts, size_t limit, const NameOf& name_of) {
  Ranking ranking;
  for (const auto& [key, count] : counts) ranking.emplace_back(name_of(key), count);
  const auto before = [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  };
  const auto kept = static_cast<ptrdiff_t>(std::min(limit, ranking.size()));
  std::partial_sort(ranking.begin(), ranking.begin() + kept, ranking.end(), before);
  ranking.resize(static_cast<size_t>(kept));
  return ranking;
}

std::string Text(std::string_view text) { return std::string(text); }

}  // namespace

void LabelStatistics::Add(LabelsView labels) {
  ++series_;
  ++metrics_[labels.metric_name()];
  for (const LabelRef& label : labels) ++pairs_[{label.name, label.value}];
}

Ranking LabelStatistics::SeriesByMetric(size_t limit) const {
  return Largest(metrics_, limit, Text);
}

Ranking LabelStatistics::ValuesByLabel(size_t limit) const {
  std::unordered_map<std::string_view, uint64_t> values;
  for (const auto& [pair, count] : pairs_) ++values[pair.first];
  return Largest(values, limit, Text);
}

Ranking LabelStatistics::ValueBytesByLabel(size_t limit) const {
  std::unordered_map<std::string_view, uint64_t> bytes;
  for (const auto& [pair, count] : pairs_) bytes[pair.first] += pair.second.size();
  return Largest(bytes, limit, Text);
}

Ranking LabelStatistics::SeriesByPair(size_t limit) const {
  return Largest(pairs_, limit, [](const auto& pair) {
    return std::string(pair.first) + "=" + std::string(pair.second);
  });
}

}  // namespace luma::prom
