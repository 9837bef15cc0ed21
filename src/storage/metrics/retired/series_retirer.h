// Moves series that have had no samples for some time from the registry into partitions on disk.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "storage/engine.h"
#include "storage/metrics/metrics_writer.h"
#include "storage/metrics/retired/retired_series.h"
#include "storage/metrics/retired/sample_times.h"
#include "storage/metrics/series_registry.h"

namespace luma::storage {

// A pass, in three steps:
//   1. The registry begins to note which series are written carefully, and says which have been
//      idle. Alone for a moment, a snapshot of the tables is taken.
//   2. Beside writes: the times of their samples are bounded, and partitions are written. Small
//      partitions of the same day go into the new ones. A partition most of whose series have left
//      is written anew without them.
//   3. Alone: a series that got samples since step 1 stays (its newest timestamp or a note tells).
//      The others are in the list of partitions, durably, before they leave the registry.
// Threads: any; passes are one at a time. Lifetime: references outlive it.
class SeriesRetirer {
 public:
  // Larger partitions are not made: a partition is in memory while it is being made. When there is
  // little memory, or labels are long, they are smaller.
  static constexpr uint64_t kPartitionSeriesMax = 250'000;
  // A pass writes no further partition anew once it has so many series of them: some seconds.
  static constexpr uint64_t kRewrittenSeriesMax = 1'000'000;
  // While a series is idle for long enough to go.
  static constexpr int kPassesPerIdleTime = 8;

  // `after`: how long a series has no samples before it may go; zero: none goes.
  SeriesRetirer(MultiTierStorage& engine, SeriesRegistry& registry, RetiredSeries& retired,
                MetricsWriter& writer, std::chrono::milliseconds after)
      : engine_(engine), registry_(registry), retired_(retired), writer_(writer), after_(after) {}

  // Also makes good what went wrong before: partitions that turned out to be damaged, a list that
  // could not be written. Gives how many series were retired; one that has exemplars alone stays.
  // Errors: kOutOfMemory, kDiskFull, kCancelled, those of reading and writing; every series is
  // where it was, or where it belongs.
  Result<uint64_t> Pass() LUMA_EXCLUDES(mutex_);
  // A pass at the first call, and then one each eighth of `after`. Damage is made good at each.
  Status PassIfDue() LUMA_EXCLUDES(mutex_);
  // From any thread: the pass under way and later ones retire nothing more. It ends once the
  // partition that is being made is written, after a second at most; one that takes series out of
  // memory already does so to the end (SeriesRegistry::Remove).
  void Cancel() { is_cancelled_ = true; }

  uint64_t retired() const { return total_; }  // since the start

 private:
  struct Idle {
    uint32_t id;
    UnixMillis newest;  // of the registry, before the snapshot
    TimeRange times;    // its samples
  };
  // What becomes one partition: new ones, and those of partitions that it replaces.
  struct Group {
    std::vector<Idle> series;  // ascending by id
    std::vector<RetiredPartition> merged;
    TimeRange times;
  };
  struct Written {
    RetiredPartition partition;
    std::vector<uint64_t> merged;  // numbers
  };

  // Series whose newest timestamp was a bound, and what it is.
  using Active = std::vector<SeriesRegistry::IdleSeries>;

  class GroupLabels;

  Result<uint64_t> RepairAndRetire() LUMA_REQUIRES(mutex_);
  Result<uint64_t> Retire() LUMA_REQUIRES(mutex_);
  Status Repair();
  Status CheckWanted() const;
  Result<SampleTables> ReadTables() const;
  // What may go, and between which times it has samples; others are taken out.
  Status Bound(UnixMillis cutoff, std::vector<Idle>& idle, Active& active);
  // Moves those to `active` that the tables show to have newer samples.
  Status DropActive(const SampleTables& tables, UnixMillis cutoff, std::vector<Idle>& idle,
                    Active& active) const;
  // Takes those out that have no samples.
  Status BoundTimes(const SampleTables& tables, UnixMillis cutoff, std::vector<Idle>& idle) const;
  static std::vector<Group> MakeGroups(std::vector<Idle> idle);
  // Adds small partitions of its day and kind, but for those `taken` by other groups.
  void AddMerged(Group& group, std::vector<uint64_t>& taken) const;
  static uint64_t SizeOf(const Group& group);
  static void Take(const RetiredPartition& partition, Group& group, std::vector<uint64_t>& taken);
  // One of the partitions that most series have left, but for those `taken`, and others of its day.
  std::optional<Group> NextRewrite(std::vector<uint64_t>& taken) const;
  Status WriteGroups(std::vector<Group> groups, std::vector<Written>& written);
  Status WriteGroup(const Group& group, std::vector<Written>& written);
  Status WritePartitions(const Group& group, std::vector<Written>& written);
  // Alone. Counts those that left the registry. `written` is empty afterwards if all went well.
  // Partitions that have no live series any more are removed.
  Status Publish(std::span<const Idle> idle, const Active& active, std::vector<Written>& written,
                 uint64_t& count);
  // The live series of the partitions that `written` takes the place of.
  SeriesBitmap LiveInMerged(const Written& written) const;
  void SetNewest(const Active& active, const SeriesBitmap& noted);

  MultiTierStorage& engine_;
  SeriesRegistry& registry_;
  RetiredSeries& retired_;
  MetricsWriter& writer_;
  const std::chrono::milliseconds after_;
  Mutex mutex_;  // for as long as a pass takes
  std::optional<std::chrono::steady_clock::time_point> last_pass_ LUMA_GUARDED_BY(mutex_);
  std::atomic<uint64_t> total_{0};
  std::atomic<bool> is_cancelled_{false};
};

}  // namespace luma::storage
