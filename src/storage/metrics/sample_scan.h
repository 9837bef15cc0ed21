// Reads the rows of luma.samples, luma.histograms or luma.start_times that belong to wanted series
// and a time range.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/column.h"
#include "base/status.h"
#include "model/sample.h"
#include "storage/metrics/row_stretches.h"
#include "storage/metrics/run_blocks.h"
#include "storage/metrics/series_filter.h"
#include "storage/metrics/wanted_rows.h"
#include "storage/table_snapshot.h"

namespace luma::storage {

// Column ids of docs/formats/metrics_tables.md.
inline constexpr ColumnId kMetricColumn{2};  // of luma.series
inline constexpr ColumnId kLabelsColumn{3};  // of luma.series
// Of luma.samples; histograms of luma.histograms, starts of luma.start_times.
inline constexpr ColumnId kValueColumn{3};

// The wanted rows of one block: `rows` has their positions in the three columns.
struct SampleBlock {
  RunId run{};
  uint32_t start = 0;  // position of the block in the run
  RowStretches rows;
  const uint64_t* series = nullptr;
  const UnixMillis* timestamps = nullptr;
  // Those of the table's kind when asked for, else null.
  const double* values = nullptr;
  const StringRef* histograms = nullptr;
  const UnixMillis* starts = nullptr;
};

struct SampleScan {
  const TableSnapshot* table = nullptr;  // of one of the three
  const SeriesFilter* series = nullptr;
  TimeRange range;
  const std::vector<RunBlocks>* blocks = nullptr;  // of the table; null: all of them
  bool with_values = true;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  const std::atomic<bool>* cancelled = nullptr;        // looked at block by block
  std::function<bool(const RunView&)> takes_run = {};  // empty: all runs

  // Calls `visit` with every block that has wanted rows, oldest run first, and stops at the first
  // error. Blocks whose zone maps exclude them are not read. Errors: those of `visit`, kTimeout,
  // kCancelled, kIoError, kCorruption.
  Status Run(const std::function<Status(const SampleBlock&)>& visit) const;

  // Whether the zone maps of the run, or of one block, leave room for wanted rows.
  bool MayHaveRows(const RunView& run) const;
  bool MayHaveRows(const RunView& run, uint32_t block) const;
};

struct NewestSample {
  UnixMillis timestamp = 0;
  bool is_exact = true;  // otherwise there are cold rows whose times are not known
};
// The newest timestamp of all rows, deleted ones included; `floor` if there are none. Reads zone
// maps, and rows only where a block on the local disk has none: never the object store. `table` is
// of no transaction with rows of its own.
Result<NewestSample> FindNewest(const TableSnapshot& table, UnixMillis floor);

}  // namespace luma::storage
