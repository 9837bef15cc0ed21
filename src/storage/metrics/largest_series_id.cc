#include "storage/metrics/largest_series_id.h"

#include <algorithm>

#include "base/log.h"
#include "storage/metrics/flat_column.h"
#include "storage/metrics/wanted_rows.h"
#include "storage/table_snapshot.h"

namespace luma::storage {
namespace {

Result<uint64_t> LargestOfRun(const RunView& run, const ColumnSchema& column) {
  uint64_t largest = 0;
  FlatColumn<uint64_t> ids;
  for (uint32_t block = 0; block < run.block_count(); ++block) {
    const ZoneMap* const zone = run.Zone(kSeriesIdColumn, block);
    if (zone != nullptr && zone->has_max) {
      largest = std::max(largest, zone->max.As<uint64_t>());
      continue;
    }
    LUMA_RETURN_IF_ERROR(ids.Read(run, column, block));
    largest = std::max(largest, *std::max_element(ids.values(), ids.values() + ids.size()));
  }
  return largest;
}

}  // namespace

Result<uint64_t> LargestSeriesId(const TableSnapshot& table) {
  const ColumnSchema& column = *table.schema().FindColumn(kSeriesIdColumn);
  uint64_t largest = 0;
  for (const auto& run : table.runs()) {
    const Result<uint64_t> of_run = LargestOfRun(*run, column);
    if (of_run.ok()) {
      largest = std::max(largest, *of_run);
    } else if (of_run.status().code() == StatusCode::kUnavailable) {
      LUMA_LOG(kWarn, "storage", "series ids of a cold run are not known: {}",
               of_run.status().message());
    } else {
      return of_run.status();
    }
  }
  return largest;
}

}  // namespace luma::storage
