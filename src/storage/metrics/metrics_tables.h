// The tables that queries of samples read, as of one commit.
#pragma once

#include <array>
#include <iterator>
#include <memory>

#include "base/status.h"
#include "storage/engine.h"
#include "storage/table_reader.h"

namespace luma::storage {

// A rollup and what it replaced are never seen together.
struct MetricsTables {
  std::array<TableSnapshotPtr, std::size(kSampleTableIds)> samples;  // floats and histograms
  TableSnapshotPtr rollups;
  TableSnapshotPtr start_times;
};

// By `read`, or of the newest commit when it is empty. Threads: any. Errors: those of reading.
Result<MetricsTables> ReadMetricsTables(MultiTierStorage& engine, const TableReader& read);

}  // namespace luma::storage
