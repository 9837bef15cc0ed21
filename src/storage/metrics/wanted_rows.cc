#include "storage/metrics/wanted_rows.h"

#include "encoding/simd/select_range.h"

namespace luma::storage {
namespace {

// Looking at every row of a block with vectors costs as much as looking at one in so many.
constexpr size_t kFewRows = 8;

}  // namespace

bool MayHaveWantedRows(const RunView& run, uint32_t block, const SeriesFilter& series,
                       TimeRange range) {
  const ZoneMap* const time = run.Zone(kTimestampColumn, block);
  if (time != nullptr && time->has_min && time->has_max &&
      (time->max.As<UnixMillis>() < range.min || time->min.As<UnixMillis>() > range.max)) {
    return false;
  }
  const ZoneMap* const ids = run.Zone(kSeriesIdColumn, block);
  return ids == nullptr || !ids->has_min || !ids->has_max ||
         series.MayIntersect(ids->min.As<uint64_t>(), ids->max.As<uint64_t>());
}

Status CheckStillWanted(std::chrono::steady_clock::time_point deadline,
                        const std::atomic<bool>* cancelled) {
  if (cancelled != nullptr && *cancelled) return Status::Cancelled("store is closing");
  if (std::chrono::steady_clock::now() > deadline) return Status::Timeout("query took too long");
  return Status::Ok();
}

Status WantedRows::Find(const RunView& run, uint32_t block) {
  const uint32_t deleted = FindDeleted(run, block);
  if (deleted == run.BlockRows(block)) {  // nothing is read for them: the run may be far away
    rows_.clear();
    return Status::Ok();
  }
  LUMA_RETURN_IF_ERROR(series_.Read(run, series_column_, block));
  SelectSeries();
  if (rows_.empty()) return Status::Ok();
  LUMA_RETURN_IF_ERROR(timestamps_.Read(run, timestamp_column_, block));
  DropOutOfRange();
  if (deleted > 0) DropDeleted();
  return Status::Ok();
}

uint32_t WantedRows::FindDeleted(const RunView& run, uint32_t block) {
  if (run.deleted_count() == 0) return 0;
  deleted_.resize(ValidityWords(run.BlockRows(block)));
  return run.DeletedRows(block, deleted_);
}

void WantedRows::SelectSeries() {
  rows_.resize(series_.size());
  const uint64_t* const series = series_.values();
  size_t selected = 0;
  for (uint32_t row = 0; row < series_.size(); ++row) {
    rows_[selected] = row;  // without a branch: kept only if wanted
    selected += filter_.Contains(series[row]) ? 1 : 0;
  }
  rows_.resize(selected);
}

void WantedRows::DropOutOfRange() {
  if (rows_.size() > timestamps_.size() / kFewRows) return DropOutOfRangeByBlock();
  const UnixMillis* const timestamps = timestamps_.values();
  std::erase_if(rows_, [&](uint32_t row) {
    return timestamps[row] < range_.min || timestamps[row] > range_.max;
  });
}

void WantedRows::DropOutOfRangeByBlock() {
  in_range_.resize(ValidityWords(timestamps_.size()));
  encoding::SelectRange({timestamps_.values(), timestamps_.size()}, range_.min, range_.max,
                        in_range_.data());
  std::erase_if(rows_,
                [&](uint32_t row) { return ((in_range_[row / 64] >> (row % 64)) & 1) == 0; });
}

void WantedRows::DropDeleted() {
  std::erase_if(rows_, [&](uint32_t row) { return ((deleted_[row / 64] >> (row % 64)) & 1) != 0; });
}

}  // namespace luma::storage
