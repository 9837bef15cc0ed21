#include "storage/time_column.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace luma::storage {
namespace {

constexpr std::pair<std::string_view, int64_t> kTicksPerSecond[] = {
    {"TIMESTAMP_S", 1},         {"TIMESTAMP_MS", 1'000},
    {"TIMESTAMP", 1'000'000},   {"TIMESTAMP WITH TIME ZONE", 1'000'000},
    {"TIMESTAMPTZ", 1'000'000}, {"TIMESTAMP_NS", 1'000'000'000},
};

std::optional<int64_t> TicksOfType(const ColumnSchema& column) {
  if (column.physical_type != PhysicalType::kInt64) return std::nullopt;
  for (const auto& [type, ticks] : kTicksPerSecond) {
    if (column.logical_type == type) return ticks;
  }
  return std::nullopt;
}

int64_t FloorDivide(int64_t value, int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

}  // namespace

int64_t TimeColumn::TicksOf(UnixMillis time) const {
  if (ticks_per_second < 1'000) return FloorDivide(time, 1'000 / ticks_per_second);
  int64_t ticks = 0;
  const bool overflows = __builtin_mul_overflow(time, ticks_per_second / 1'000, &ticks);
  return !overflows ? ticks : time < 0 ? INT64_MIN : INT64_MAX;
}

std::optional<TimeColumn> FindTimeColumn(const TableSchema& schema) {
  for (auto id = schema.sort_key.rbegin(); id != schema.sort_key.rend(); ++id) {
    const ColumnSchema* const column = schema.FindColumn(*id);
    const auto ticks = column == nullptr ? std::nullopt : TicksOfType(*column);
    if (ticks) return TimeColumn{*id, *ticks};
  }
  return std::nullopt;
}

std::optional<int64_t> OldestTicks(const RunView& run, const TimeColumn& column) {
  std::optional<int64_t> oldest;
  for (uint32_t block = 0; block < run.block_count(); ++block) {
    const ZoneMap* const zone = run.Zone(column.id, block);
    if (zone == nullptr || !zone->has_min) return std::nullopt;
    oldest = std::min(oldest.value_or(INT64_MAX), zone->min.As<int64_t>());
  }
  return oldest;
}

std::optional<int64_t> NewestTicks(const RunView& run, const TimeColumn& column) {
  std::optional<int64_t> newest;
  for (uint32_t block = 0; block < run.block_count(); ++block) {
    const ZoneMap* const zone = run.Zone(column.id, block);
    if (zone == nullptr || !zone->has_max) return std::nullopt;
    newest = std::max(newest.value_or(INT64_MIN), zone->max.As<int64_t>());
  }
  return newest;
}

}  // namespace luma::storage
