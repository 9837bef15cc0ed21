#include "storage/metrics/sample_scan.h"

#include <algorithm>
#include <vector>

#include "encoding/simd/select_range.h"
#include "storage/metrics/flat_column.h"

namespace luma::storage {
namespace {

// Looking at every row of a block with vectors costs as much as looking at one in so many.
constexpr size_t kFewRows = 8;

// Reads block after block of one scan, reusing its buffers.
class BlockScanner {
 public:
  BlockScanner(const SampleScan& scan, const std::function<Status(const SampleBlock&)>& visit)
      : scan_(scan),
        visit_(visit),
        series_column_(*scan.table->schema().FindColumn(kSeriesIdColumn)),
        timestamp_column_(*scan.table->schema().FindColumn(kTimestampColumn)),
        value_column_(*scan.table->schema().FindColumn(kValueColumn)) {}

  Status ScanRun(const RunView& run) {
    for (uint32_t block = 0; block < run.block_count(); ++block) {
      if (scan_.MayHaveRows(run, block)) LUMA_RETURN_IF_ERROR(ScanBlock(run, block));
    }
    return Status::Ok();
  }

 private:
  Status ScanBlock(const RunView& run, uint32_t block) {
    if (std::chrono::steady_clock::now() > scan_.deadline) {
      return Status::Timeout("query took too long");
    }
    LUMA_RETURN_IF_ERROR(series_.Read(run, series_column_, block));
    SelectSeries();
    if (rows_.empty()) return Status::Ok();
    LUMA_RETURN_IF_ERROR(timestamps_.Read(run, timestamp_column_, block));
    DropOutOfRange();
    if (run.deleted_count() > 0) DropDeleted(run, block);
    if (rows_.empty()) return Status::Ok();
    if (scan_.with_values) LUMA_RETURN_IF_ERROR(values_.Read(run, value_column_, block));
    return visit_({.run = run.id(),
                   .start = run.BlockStart(block),
                   .rows = rows_,
                   .series = series_.values(),
                   .timestamps = timestamps_.values(),
                   .values = scan_.with_values ? values_.values() : nullptr});
  }

  void SelectSeries() {
    rows_.resize(series_.size());
    const uint64_t* const series = series_.values();
    size_t selected = 0;
    for (uint32_t row = 0; row < series_.size(); ++row) {
      rows_[selected] = row;  // without a branch: kept only if wanted
      selected += scan_.series->Contains(series[row]) ? 1 : 0;
    }
    rows_.resize(selected);
  }

  void DropOutOfRange() {
    if (rows_.size() > timestamps_.size() / kFewRows) return DropOutOfRangeByBlock();
    const UnixMillis* const timestamps = timestamps_.values();
    std::erase_if(rows_, [&](uint32_t row) {
      return timestamps[row] < scan_.range.min || timestamps[row] > scan_.range.max;
    });
  }

  void DropOutOfRangeByBlock() {
    in_range_.resize(ValidityWords(timestamps_.size()));
    encoding::SelectRange({timestamps_.values(), timestamps_.size()}, scan_.range.min,
                          scan_.range.max, in_range_.data());
    std::erase_if(rows_,
                  [&](uint32_t row) { return ((in_range_[row / 64] >> (row % 64)) & 1) == 0; });
  }

  void DropDeleted(const RunView& run, uint32_t block) {
    deleted_.resize(ValidityWords(run.BlockRows(block)));
    if (run.DeletedRows(block, deleted_) == 0) return;
    std::erase_if(rows_,
                  [&](uint32_t row) { return ((deleted_[row / 64] >> (row % 64)) & 1) != 0; });
  }

  const SampleScan& scan_;
  const std::function<Status(const SampleBlock&)>& visit_;
  const ColumnSchema& series_column_;
  const ColumnSchema& timestamp_column_;
  const ColumnSchema& value_column_;
  FlatColumn<uint64_t> series_;
  FlatColumn<UnixMillis> timestamps_;
  FlatColumn<double> values_;
  std::vector<uint32_t> rows_;
  std::vector<uint64_t> deleted_;
  std::vector<uint64_t> in_range_;
};

Result<UnixMillis> NewestInBlock(const RunView& run, const ColumnSchema& column, uint32_t block) {
  const ZoneMap* const zone = run.Zone(kTimestampColumn, block);
  if (zone != nullptr && zone->has_max) return zone->max.As<UnixMillis>();
  FlatColumn<UnixMillis> timestamps;
  LUMA_RETURN_IF_ERROR(timestamps.Read(run, column, block));
  return *std::max_element(timestamps.values(), timestamps.values() + timestamps.size());
}

}  // namespace

Status SampleScan::Run(const std::function<Status(const SampleBlock&)>& visit) const {
  BlockScanner scanner(*this, visit);
  for (const auto& run : table->runs()) {
    if (takes_run && !takes_run(*run)) continue;
    LUMA_RETURN_IF_ERROR(scanner.ScanRun(*run));
  }
  return Status::Ok();
}

bool SampleScan::MayHaveRows(const RunView& run) const {
  for (uint32_t block = 0; block < run.block_count(); ++block) {
    if (MayHaveRows(run, block)) return true;
  }
  return false;
}

bool SampleScan::MayHaveRows(const RunView& run, uint32_t block) const {
  const ZoneMap* const time = run.Zone(kTimestampColumn, block);
  if (time != nullptr && time->has_min && time->has_max &&
      (time->max.As<UnixMillis>() < range.min || time->min.As<UnixMillis>() > range.max)) {
    return false;
  }
  const ZoneMap* const ids = run.Zone(kSeriesIdColumn, block);
  return ids == nullptr || !ids->has_min || !ids->has_max ||
         series->MayIntersect(ids->min.As<uint64_t>(), ids->max.As<uint64_t>());
}

Result<UnixMillis> NewestTimestamp(const TableSnapshot& table, UnixMillis floor) {
  const ColumnSchema& column = *table.schema().FindColumn(kTimestampColumn);
  UnixMillis newest = floor;
  for (const auto& run : table.runs()) {
    for (uint32_t block = 0; block < run->block_count(); ++block) {
      LUMA_ASSIGN_OR_RETURN(const UnixMillis of_block, NewestInBlock(*run, column, block));
      newest = std::max(newest, of_block);
    }
  }
  return newest;
}

}  // namespace luma::storage
