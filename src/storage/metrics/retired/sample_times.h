// Between which times series have samples, as far as zone maps tell.
#pragma once

#include <atomic>
#include <span>
#include <vector>

#include "base/status.h"
#include "model/sample.h"
#include "storage/metrics/series_filter.h"
#include "storage/table_snapshot.h"

namespace luma::storage {

// The tables whose rows have samples: luma.samples, luma.histograms, luma.rollups.
using SampleTables = std::vector<TableSnapshotPtr>;

// One range for each series of the filter, by rank: none of its samples lies outside, but not every
// range is as short as it could be. Empty ranges (max < min) are of series without samples. Reads
// rows that are in memory, and of others zone maps alone. Errors: those of RunView::Read;
// kCancelled once `cancelled` is set, which is looked at block by block.
Result<std::vector<TimeRange>> BoundSampleTimes(std::span<const TableSnapshotPtr> tables,
                                                const SeriesFilter& series,
                                                const std::atomic<bool>& cancelled);

// The newest sample from `since` on of each series of the filter, by rank; kNoSample without one.
// May be too late where samples were rolled up. Reads the rows of that time. Errors: those of
// SampleScan::Run, kCancelled as above.
Result<std::vector<UnixMillis>> NewestSince(UnixMillis since, const SampleTables& tables,
                                            const SeriesFilter& series,
                                            const std::atomic<bool>& cancelled);

}  // namespace luma::storage
