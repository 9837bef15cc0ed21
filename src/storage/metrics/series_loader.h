// Reads luma.series.
#pragma once

#include <cstdint>
#include <functional>

#include "base/status.h"
#include "storage/metrics/postings.h"
#include "storage/metrics/series_registry.h"
#include "storage/table_snapshot.h"

namespace luma::storage {

struct LoadedSeries {
  uint64_t ids_end = 1;  // one more than the highest id
  SeriesBitmap skipped;  // were not wanted
};

// Adds every wanted series of the table to the registry, with `newest` as its newest timestamp.
// Labels are read only of blocks that have one. Errors: kCorruption when the table breaks its
// rules, and those of reading.
Result<LoadedSeries> LoadSeries(const TableSnapshot& table,
                                const std::function<bool(uint32_t id)>& is_wanted,
                                UnixMillis newest, SeriesRegistry& registry);

}  // namespace luma::storage
