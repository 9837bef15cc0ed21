// The rows of one block that belong to wanted series and times, of luma.samples and luma.rollups
// alike: both are sorted by series_id and ts, their first two columns.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "model/sample.h"
#include "storage/metrics/flat_column.h"
#include "storage/metrics/series_filter.h"
#include "storage/table_snapshot.h"

namespace luma::storage {

// Column ids of docs/formats/metrics_tables.md.
inline constexpr ColumnId kSeriesIdColumn{1};   // of all three tables
inline constexpr ColumnId kTimestampColumn{2};  // of luma.samples and luma.rollups

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

  // Positions in the block, ascending, of rows that are not deleted.
  std::span<const uint32_t> rows() const { return rows_; }
  // Of the whole block, if it has wanted rows.
  const uint64_t* series() const { return series_.values(); }
  const UnixMillis* timestamps() const { return timestamps_.values(); }

 private:
  void SelectSeries();
  void DropOutOfRange();
  void DropOutOfRangeByBlock();
  void DropDeleted();
  // Marks them in deleted_, if there are any; gives their number.
  uint32_t FindDeleted(const RunView& run, uint32_t block);

  const SeriesFilter& filter_;
  const TimeRange range_;
  const ColumnSchema& series_column_;
  const ColumnSchema& timestamp_column_;
  FlatColumn<uint64_t> series_;
  FlatColumn<UnixMillis> timestamps_;
  std::vector<uint32_t> rows_;
  std::vector<uint64_t> deleted_;
  std::vector<uint64_t> in_range_;
};

}  // namespace luma::storage
