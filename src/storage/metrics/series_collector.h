// Collects the samples of a selection as scans bring them, and gives them series by series.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/status.h"
#include "model/labels.h"
#include "model/metrics_source.h"
#include "storage/budget.h"
#include "storage/metrics/collected_series.h"
#include "storage/metrics/rollup_rows.h"
#include "storage/metrics/sample_scan.h"
#include "storage/metrics/series_filter.h"

namespace luma::storage {

// Booked for the labels of each series before they are read: a dozen pairs as Kubernetes has them.
inline constexpr uint64_t kLabelsBytes = 256;
// What labels take beyond that.
inline uint64_t LabelsBytesBeyondBooked(LabelsView labels) {
  const uint64_t bytes = sizeof(Labels) + labels.canonical().size();
  return bytes - std::min(bytes, kLabelsBytes);
}

// What everybody who collects for one query counts together. Threads: any.
struct CollectedCounts {
  std::atomic<uint64_t> samples{0};
};

// Books on `memory`, or without it on a lease of its own.
// Thread-compatible. Lifetime: what it is made from outlives it.
class SeriesCollector {
 public:
  SeriesCollector(const SeriesFilter& series, TimeRange range, const ReadLimits& limits,
                  ResultMemory* memory, BudgetLease lease, CollectedCounts& counts)
      : filter_(series),
        range_(range),
        limits_(limits),
        memory_(memory),
        lease_(std::move(lease)),
        counts_(counts) {}

  // Before anything is added. Errors: kOutOfMemory, as of all that follow.
  Status MakePlaces();
  // For what comes on top of the samples.
  Status Book(uint64_t bytes) {
    return memory_ == nullptr ? lease_.Grow(bytes) : memory_->Book(bytes);
  }

  // Errors: kTooLarge beyond the limits, kCorruption.
  Status Add(const SampleBlock& block);
  Status Add(const RollupRow& row);
  Status AddStartTimes(const SampleBlock& block);  // of luma.start_times
  // What another one has collected of the series, and counted and booked there.
  Status Add(CollectedSeries&& of_series);

  // Those that anything was added of, in the order in which that came.
  std::vector<CollectedSeries>& collected() { return collected_; }
  CollectedSeries* Find(uint64_t series);

 private:
  Status MakeRoomFor(size_t more, std::span<const UnixMillis> timestamps, CollectedSeries& series);
  Status AddFloats(CollectedSeries& series, std::span<const UnixMillis> timestamps,
                   std::span<const double> values);
  size_t Expected(std::span<const UnixMillis> timestamps) const;
  Status AddHistograms(const SampleBlock& block);
  Status MakeRoom(uint64_t bytes);
  Status CountSamples(uint64_t count);
  Result<CollectedSeries*> Of(uint64_t series);  // until the next one is asked for
  Status GrowCollected();

  const SeriesFilter& filter_;
  const TimeRange range_;
  const ReadLimits& limits_;
  ResultMemory* const memory_;
  BudgetLease lease_;  // for callers that do not account for the result
  CollectedCounts& counts_;
  uint64_t room_bytes_ = 0;       // booked for the next histogram
  std::vector<uint32_t> places_;  // of wanted series, by rank: one more than that in collected_
  std::vector<CollectedSeries> collected_;
};

}  // namespace luma::storage
