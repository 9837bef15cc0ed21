// Blocks of tables that may have rows of wanted series and times, as their zone maps say: found
// once, for several scans that each want some of the series.
#pragma once

#include <cstdint>
#include <vector>

#include "model/sample.h"
#include "storage/metrics/series_filter.h"
#include "storage/table_snapshot.h"

namespace luma::storage {

struct RunBlocks {
  const RunView* run = nullptr;
  std::vector<uint32_t> blocks;  // ascending, not empty
  uint64_t wanted_rows = 0;      // about so many
};

// Of all runs that have some, oldest first. `table` must outlive what it gives.
std::vector<RunBlocks> BlocksWithWantedRows(const TableSnapshot& table, const SeriesFilter& series,
                                            TimeRange range);
uint64_t CountWantedRows(const std::vector<RunBlocks>& runs);

}  // namespace luma::storage
