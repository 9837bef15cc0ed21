// The rows of one block that belong to wanted series and times, of all tables whose first two
// columns are series_id and ts: samples, histograms, rollups, exemplars, start times. Their sort
// keys begin with these, so a run that a flush or a merge has sorted (Run::layout) is searched, not
// read through.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "model/sample.h"
#include "storage/metrics/flat_column.h"
#include "storage/metrics/row_stretches.h"
#include "storage/metrics/series_filter.h"
#include "storage/table_snapshot.h"

namespace luma::storage {

// Column ids of docs/formats/metrics_tables.md.
inline constexpr ColumnId kSeriesIdColumn{1};   // of luma.series, too
inline constexpr ColumnId kTimestampColumn{2};  // of all but luma.series

// Whether a flush or a merge has sorted it. Runs in memory, and a transaction's own rows, are in
// the order they were written.
bool IsSortedRun(const RunView& run);

// Whether the zone maps of the block leave room for rows of these series and times.
bool MayHaveWantedRows(const RunView& run, uint32_t block, const SeriesFilter& series,
                       TimeRange range);

// Before each block. Errors: kTimeout past the deadline, kCancelled once `cancelled`, if any, is
// set.
Status CheckStillWanted(std::chrono::steady_clock::time_point deadline,
                        const std::atomic<bool>* cancelled);

// Keeps its buffers from block to block. Thread-compatible. Lifetime: schema and series outlive it.
class WantedRows {
 public:
  WantedRows(const TableSchema& schema, const SeriesFilter& series, TimeRange range)
      : filter_(series),
        range_(range),
        series_column_(*schema.FindColumn(kSeriesIdColumn)),
        timestamp_column_(*schema.FindColumn(kTimestampColumn)) {}

  // Finds the rows of the block. Errors: those of RunView::Read.
  Status Find(const RunView& run, uint32_t block);

  // Positions in the block of rows that are not deleted. Within a stretch of a sorted run times
  // ascend.
  RowStretches rows() const {
    if (row_count_ == 0) return {};
    return {std::span(stretches_).first(stretches_.size() - 1), row_count_};
  }
  // Of the whole block, if it has wanted rows.
  const uint64_t* series() const { return series_.values(); }
  const UnixMillis* timestamps() const { return timestamps_.values(); }

 private:
  void Clear();
  void SelectSorted(uint32_t block_start);
  int64_t GuessBegin(uint64_t series) const;
  void DropOutOfRange();
  void SelectUnsorted();
  // Marks them in deleted_, if there are any; gives their number.
  uint32_t FindDeleted(const RunView& run, uint32_t block);
  void DropDeleted();

  const SeriesFilter& filter_;
  const TimeRange range_;
  const ColumnSchema& series_column_;
  const ColumnSchema& timestamp_column_;
  FlatColumn<uint64_t> series_;
  FlatColumn<UnixMillis> timestamps_;
  std::vector<RowStretch> stretches_;  // and, if there are any, an empty one behind them
  size_t row_count_ = 0;
  // Where a series began that was found before, in the run: most of those around it have as many
  // rows.
  uint64_t known_series_ = 0;
  int64_t known_begin_ = 0;
  int64_t rows_of_series_ = 1;
  std::vector<uint64_t> in_range_;
  std::vector<uint64_t> deleted_;
};

}  // namespace luma::storage
