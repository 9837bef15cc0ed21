#include "storage/metrics/wanted_rows.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "encoding/simd/select_range.h"
#include "storage/run_version.h"

namespace luma::storage {
namespace {

// The first position from `row` on whose value is not less than `id`, or the end; `guess` is where
// it may be. What is not there is found by steps that double.
uint32_t FirstFrom(std::span<const uint64_t> ascending, uint32_t row, int64_t guess, uint64_t id) {
  const auto size = static_cast<uint32_t>(ascending.size());
  uint32_t low = row;
  auto high = static_cast<uint32_t>(std::clamp<int64_t>(guess, row, size));
  uint32_t step = 1;
  if (high == size || ascending[high] >= id) {
    // Downwards: the value before `high` decides.
    while (high > row && ascending[high - 1] >= id) {
      high -= std::min(step, high - row);
      step *= 2;
    }
    low = high;
    high = std::min(high + step, size);
  } else {
    low = high;
    while (high < size && ascending[high] < id) {
      low = high;
      high += std::min(step, size - high);
      step *= 2;
    }
  }
  return static_cast<uint32_t>(
      std::lower_bound(ascending.begin() + low, ascending.begin() + high, id) - ascending.begin());
}

bool IsSet(const std::vector<uint64_t>& words, uint32_t bit) {
  return ((words[bit / 64] >> (bit % 64)) & 1) != 0;
}

}  // namespace

bool IsSortedRun(const RunView& run) {
  return run.id() != kTransactionRunId && static_cast<const RunVersion&>(run).run()->layout() > 0;
}

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
  Clear();
  const uint32_t deleted = FindDeleted(run, block);
  // Nothing is read for deleted rows: the run may be far away.
  if (deleted == run.BlockRows(block)) return Status::Ok();
  LUMA_RETURN_IF_ERROR(series_.Read(run, series_column_, block));
  const bool is_sorted = IsSortedRun(run);
  if (is_sorted) SelectSorted(run.BlockStart(block));
  if (is_sorted && stretches_.empty()) return Status::Ok();
  LUMA_RETURN_IF_ERROR(timestamps_.Read(run, timestamp_column_, block));
  if (is_sorted) {
    DropOutOfRange();
  } else {
    SelectUnsorted();
  }
  if (deleted > 0) DropDeleted();
  for (const RowStretch& stretch : stretches_) row_count_ += stretch.end - stretch.begin;
  stretches_.emplace_back();
  return Status::Ok();
}

void WantedRows::Clear() {
  stretches_.clear();
  row_count_ = 0;
}

uint32_t WantedRows::FindDeleted(const RunView& run, uint32_t block) {
  if (run.deleted_count() == 0) return 0;
  deleted_.resize(ValidityWords(run.BlockRows(block)));
  return run.DeletedRows(block, deleted_);
}

// From wanted series to wanted series, without a look at the rows between.
void WantedRows::SelectSorted(uint32_t block_start) {
  const std::span<const uint64_t> series(series_.values(), series_.size());
  const uint64_t last = series.back();
  uint32_t row = 0;
  while (row < series.size()) {
    const uint64_t wanted = filter_.FirstFrom(series[row]);
    if (wanted > last) return;
    if (wanted != series[row]) {
      row = FirstFrom(series, row, GuessBegin(wanted) - block_start, wanted);
      if (series[row] != wanted) continue;
    }
    const bool begins_here = row > 0 || block_start == 0;
    if (begins_here) {
      known_series_ = wanted;
      known_begin_ = int64_t{block_start} + row;
    }
    const uint32_t end = FirstFrom(series, row, GuessBegin(wanted + 1) - block_start, wanted + 1);
    if (begins_here && end < series.size()) rows_of_series_ = end - row;
    stretches_.push_back({row, end});
    row = end;
  }
}

// As a position in the run. Ids mostly follow each other, and series have as many rows as those
// before them. Unsigned, since a wrong guess only costs time.
int64_t WantedRows::GuessBegin(uint64_t series) const {
  const uint64_t rows = (series - known_series_) * static_cast<uint64_t>(rows_of_series_);
  return static_cast<int64_t>(static_cast<uint64_t>(known_begin_) + rows);
}

void WantedRows::DropOutOfRange() {
  const UnixMillis* const times = timestamps_.values();
  const auto position = [times](const UnixMillis* time) {
    return static_cast<uint32_t>(time - times);
  };
  for (RowStretch& stretch : stretches_) {
    if (times[stretch.begin] >= range_.min && times[stretch.end - 1] <= range_.max) continue;
    const UnixMillis* const end = times + stretch.end;
    const UnixMillis* const first = std::lower_bound(times + stretch.begin, end, range_.min);
    stretch = {position(first), position(std::upper_bound(first, end, range_.max))};
  }
  std::erase_if(stretches_, [](const RowStretch& stretch) { return stretch.begin == stretch.end; });
}

void WantedRows::SelectUnsorted() {
  const uint64_t* const series = series_.values();
  in_range_.resize(ValidityWords(timestamps_.size()));
  encoding::SelectRange({timestamps_.values(), timestamps_.size()}, range_.min, range_.max,
                        in_range_.data());
  for (size_t word = 0; word < in_range_.size(); ++word) {
    for (uint64_t rest = in_range_[word]; rest != 0; rest &= rest - 1) {
      const auto row =
          static_cast<uint32_t>(word * 64) + static_cast<uint32_t>(std::countr_zero(rest));
      if (filter_.Contains(series[row])) stretches_.push_back({row, row + 1});
    }
  }
}

void WantedRows::DropDeleted() {
  const std::vector<RowStretch> all = std::exchange(stretches_, {});
  for (const RowStretch& stretch : all) {
    for (uint32_t row = stretch.begin; row < stretch.end; ++row) {
      if (IsSet(deleted_, row)) continue;
      const bool goes_on = row > stretch.begin && !IsSet(deleted_, row - 1);
      if (goes_on) {
        ++stretches_.back().end;
      } else {
        stretches_.push_back({row, row + 1});
      }
    }
  }
}

}  // namespace luma::storage
