// Reads the rows of luma.rollups that belong to wanted series and times.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/status.h"
#include "storage/metrics/rollup_rows.h"
#include "storage/metrics/run_blocks.h"
#include "storage/metrics/series_filter.h"
#include "storage/metrics/wanted_rows.h"
#include "storage/table_snapshot.h"

namespace luma::storage {

// A row reaches over the times of its values and of the marker after them.
inline bool ReachesInto(const Rollup& rollup, TimeRange range) {
  return rollup.first_ts <= range.max && rollup.stale_ts >= range.min;
}
inline bool LiesIn(const Rollup& rollup, TimeRange range) {
  return rollup.first_ts >= range.min && rollup.stale_ts <= range.max;
}
// Where the ends of buckets lie that may hold samples of `range`.
TimeRange BucketEndsFor(TimeRange range);

struct RollupScan {
  const TableSnapshot* table = nullptr;  // of luma.rollups
  const SeriesFilter* series = nullptr;
  TimeRange ends;                                  // of buckets
  int64_t resolution_ms_max = kDayMillis;          // coarser rows are left out
  const std::vector<RunBlocks>* blocks = nullptr;  // of the table; null: all of them
  bool with_values = true;                         // else only times and count are read
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  const std::atomic<bool>* cancelled = nullptr;  // looked at block by block

  // Calls `visit` with every wanted row, oldest run first, and stops at the first error. Blocks
  // whose zone maps exclude them are not read. Errors: those of `visit`, kTimeout,
  // kCancelled, kIoError, kCorruption.
  Status Run(const std::function<Status(RowId, const RollupRow&)>& visit) const;
};

}  // namespace luma::storage
