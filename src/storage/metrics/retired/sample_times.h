// Between which times series have samples, as far as zone maps tell.
#pragma once

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
// rows that are in memory, and of others zone maps alone. Errors: those of RunView::Read.
Result<std::vector<TimeRange>> BoundSampleTimes(const SampleTables& tables,
                                                const SeriesFilter& series);

// The newest sample from `since` on of each series of the filter, by rank; kNoSample without one.
// May be too late where samples were rolled up. Reads the rows of that time. Errors: those of
// SampleScan::Run.
Result<std::vector<UnixMillis>> NewestSince(UnixMillis since, const SampleTables& tables,
                                            const SeriesFilter& series);

}  // namespace luma::storage
