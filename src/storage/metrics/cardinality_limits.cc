#include "storage/metrics/cardinality_limits.h"

#include <algorithm>

#include "base/hash.h"
#include "base/ranking.h"

namespace luma::storage {
namespace {

// What std::map takes for an entry, besides the entry.
constexpr size_t kNodeBytes = 4 * sizeof(void*);

// The entry of `name`, a new one if there is none.
template <typename Map>
auto& EntryOf(std::string_view name, Map& map) {
  const auto found = map.find(name);
  return found != map.end() ? found->second : map[std::string(name)];
}

uint64_t HashOf(std::string_view value) { return Hash64(AsBytes(value)); }

}  // namespace

void CardinalityCounts::Reset(const CardinalityLimits& limits) {
  MutexLock lock(mutex_);
  limits_ = limits;
  metrics_.clear();
  labels_.clear();
}

bool CardinalityCounts::counts_labels() const {
  MutexLock lock(mutex_);
  return CountsLabels();
}

void CardinalityCounts::Add(LabelsView labels) {
  MutexLock lock(mutex_);
  if (CountsLabels()) AddLocked(labels);
}

void CardinalityCounts::Remove(LabelsView labels) {
  MutexLock lock(mutex_);
  if (CountsLabels()) RemoveLocked(labels);
}

CardinalityRefusal CardinalityCounts::TryAdd(LabelsView labels, uint64_t series) {
  MutexLock lock(mutex_);
  const CardinalityRefusal refusal = Check(labels, series);
  if (!refusal.is_refused() && CountsLabels()) AddLocked(labels);
  return refusal;
}

CardinalityRefusal CardinalityCounts::Check(LabelsView labels, uint64_t series) const {
  if (limits_.series > 0 && series >= limits_.series) {
    return {.limit = CardinalityLimit::kSeries};
  }
  if (limits_.series_per_metric > 0) {
    const auto found = metrics_.find(labels.metric_name());
    if (found != metrics_.end() && found->second >= limits_.series_per_metric) {
      return {.limit = CardinalityLimit::kSeriesPerMetric};
    }
  }
  if (limits_.values_per_label == 0) return {};
  uint32_t number = 0;
  for (const LabelRef& label : labels) {
    if (!HasRoomFor(label)) return {.limit = CardinalityLimit::kValuesPerLabel, .label = number};
    ++number;
  }
  return {};
}

bool CardinalityCounts::HasRoomFor(const LabelRef& label) const {
  const auto found = labels_.find(label.name);
  if (found == labels_.end()) return true;
  const Values& values = found->second;
  return values.size() < limits_.values_per_label || values.contains(HashOf(label.value));
}

void CardinalityCounts::AddLocked(LabelsView labels) {
  if (limits_.series_per_metric > 0) ++EntryOf(labels.metric_name(), metrics_);
  if (limits_.values_per_label == 0) return;
  for (const LabelRef& label : labels) ++EntryOf(label.name, labels_)[HashOf(label.value)];
}

void CardinalityCounts::RemoveLocked(LabelsView labels) {
  if (limits_.series_per_metric > 0) {
    const auto metric = metrics_.find(labels.metric_name());
    if (metric != metrics_.end() && --metric->second == 0) metrics_.erase(metric);
  }
  if (limits_.values_per_label == 0) return;
  for (const LabelRef& label : labels) {
    const auto values = labels_.find(label.name);
    if (values == labels_.end()) continue;
    const auto value = values->second.find(HashOf(label.value));
    if (value != values->second.end() && --value->second == 0) values->second.erase(value);
    if (values->second.empty()) labels_.erase(values);
  }
}

void CardinalityCounts::CountRefused(CardinalityLimit limit, const RefusedByLimit& refused) {
  MutexLock lock(mutex_);
  RefusedByLimit& total = refused_[static_cast<size_t>(limit)];
  total.series += refused.series;
  total.samples += refused.samples;
}

CardinalityLimits CardinalityCounts::limits() const {
  MutexLock lock(mutex_);
  return limits_;
}

RefusedByLimit CardinalityCounts::refused(CardinalityLimit limit) const {
  MutexLock lock(mutex_);
  return refused_[static_cast<size_t>(limit)];
}

CardinalityRanking CardinalityCounts::LargestMetrics(size_t count) const {
  MutexLock lock(mutex_);
  return LargestOf(
      metrics_, count, [](const auto& entry) { return std::string_view(entry.first); },
      [](const auto& entry) { return entry.second; });
}

CardinalityRanking CardinalityCounts::LargestLabels(size_t count) const {
  MutexLock lock(mutex_);
  return LargestOf(
      labels_, count, [](const auto& entry) { return std::string_view(entry.first); },
      [](const auto& entry) { return entry.second.size(); });
}

size_t CardinalityCounts::allocated_bytes() const {
  MutexLock lock(mutex_);
  size_t bytes = metrics_.size() * (kNodeBytes + sizeof(*metrics_.begin()));
  for (const auto& [name, values] : labels_) {
    bytes += kNodeBytes + sizeof(*labels_.begin()) +
             values.bucket_count() * (sizeof(Values::value_type) + 1);
  }
  return bytes;
}

}  // namespace luma::storage
