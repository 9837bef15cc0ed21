// Bounds on how many series there are, and what is counted to keep them.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "model/labels.h"

namespace luma::storage {

// 0: no limit.
struct CardinalityLimits {
  uint64_t series = 10'000'000;
  uint64_t series_per_metric = 0;
  uint64_t values_per_label = 0;  // of one label name, __name__ too
  bool operator==(const CardinalityLimits&) const = default;
};

enum class CardinalityLimit : uint8_t { kNone, kSeries, kSeriesPerMetric, kValuesPerLabel };
inline constexpr std::array<std::string_view, 4> kCardinalityLimitNames = {
    "none", "series", "series_per_metric", "values_per_label"};

// Why a series is not let in.
struct CardinalityRefusal {
  CardinalityLimit limit = CardinalityLimit::kNone;
  uint32_t label = 0;  // kValuesPerLabel: which one of the series

  bool is_refused() const { return limit != CardinalityLimit::kNone; }
};

// Largest first, then by name.
using CardinalityRanking = std::vector<std::pair<std::string, uint64_t>>;

// Since the start.
struct RefusedByLimit {
  uint64_t series = 0;  // once for each write that had it
  uint64_t samples = 0;
};

// Series by metric and values by label, as far as a limit needs them: what has no limit is not
// counted and takes no memory. Threads: any.
class CardinalityCounts {
 public:
  explicit CardinalityCounts(const CardinalityLimits& limits) : limits_(limits) {}

  // Forgets all counts: every series that is there is to be added again.
  void Reset(const CardinalityLimits& limits) LUMA_EXCLUDES(mutex_);
  // Whether Add changes anything.
  bool counts_labels() const LUMA_EXCLUDES(mutex_);

  void Add(LabelsView labels) LUMA_EXCLUDES(mutex_);
  void Remove(LabelsView labels) LUMA_EXCLUDES(mutex_);
  // Adds the labels of a new series beside `series` others, unless that would exceed a limit.
  CardinalityRefusal TryAdd(LabelsView labels, uint64_t series) LUMA_EXCLUDES(mutex_);
  void CountRefused(CardinalityLimit limit, const RefusedByLimit& refused) LUMA_EXCLUDES(mutex_);

  CardinalityLimits limits() const LUMA_EXCLUDES(mutex_);
  RefusedByLimit refused(CardinalityLimit limit) const LUMA_EXCLUDES(mutex_);
  // Empty without the limit.
  CardinalityRanking LargestMetrics(size_t count) const LUMA_EXCLUDES(mutex_);
  CardinalityRanking LargestLabels(size_t count) const LUMA_EXCLUDES(mutex_);
  size_t allocated_bytes() const LUMA_EXCLUDES(mutex_);

 private:
  // How many series have a value, by its hash: of two values in 2^64 one may be missed.
  using Values = boost::unordered_flat_map<uint64_t, uint32_t>;

  bool CountsLabels() const LUMA_REQUIRES(mutex_) {
    return limits_.series_per_metric > 0 || limits_.values_per_label > 0;
  }
  void AddLocked(LabelsView labels) LUMA_REQUIRES(mutex_);
  void RemoveLocked(LabelsView labels) LUMA_REQUIRES(mutex_);
  CardinalityRefusal Check(LabelsView labels, uint64_t series) const LUMA_REQUIRES(mutex_);
  bool HasRoomFor(const LabelRef& label) const LUMA_REQUIRES(mutex_);

  mutable Mutex mutex_;
  CardinalityLimits limits_ LUMA_GUARDED_BY(mutex_);
  std::map<std::string, uint64_t, std::less<>> metrics_ LUMA_GUARDED_BY(mutex_);
  std::map<std::string, Values, std::less<>> labels_ LUMA_GUARDED_BY(mutex_);
  std::array<RefusedByLimit, kCardinalityLimitNames.size()> refused_ LUMA_GUARDED_BY(mutex_);
};

// The room that the new series of one write take. What was taken comes back unless Keep is called:
// then the series are there. Thread-compatible. Lifetime: the labels outlive it.
class CardinalityClaim {
 public:
  // Beside `series` that are there; nobody adds others meanwhile.
  CardinalityClaim(CardinalityCounts& counts, uint64_t series) : counts_(counts), series_(series) {}
  ~CardinalityClaim() {
    for (const LabelsView labels : taken_) counts_.Remove(labels);
  }
  CardinalityClaim(const CardinalityClaim&) = delete;
  CardinalityClaim& operator=(const CardinalityClaim&) = delete;

  CardinalityRefusal Take(LabelsView labels) {
    const CardinalityRefusal refusal = counts_.TryAdd(labels, series_ + taken_.size());
    if (!refusal.is_refused()) taken_.push_back(labels);
    return refusal;
  }
  // Counts the series, too, but never refuses it.
  void TakeBeyondLimits(LabelsView labels) {
    counts_.Add(labels);
    taken_.push_back(labels);
  }
  void Keep() { taken_.clear(); }

 private:
  CardinalityCounts& counts_;
  const uint64_t series_;
  std::vector<LabelsView> taken_;
};

}  // namespace luma::storage
