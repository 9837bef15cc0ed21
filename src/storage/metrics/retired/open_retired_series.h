// Partitions of series and the start of a database: their list counts at the next start only if
// this one renews it (docs/formats/series_partition.md). So whoever opens an engine calls one of
// these next, before anything that may fail.
#pragma once

#include <chrono>
#include <memory>

#include "base/status.h"
#include "io/file_system.h"
#include "storage/engine.h"
#include "storage/metrics/retired/retired_series.h"

namespace luma::storage {

// Where series without recent samples go (storage/metrics/retired).
struct RetirementOptions {
  io::FileSystem* fs = nullptr;  // null: nowhere
  io::Path directory;            // made if it is missing; of this database alone
  // How long a series has no samples before it goes; zero: none goes, those that went stay there.
  std::chrono::milliseconds after{0};
};

// For a store of metrics. Errors: those of RetiredSeries::Open.
Result<std::unique_ptr<RetiredSeries>> OpenRetiredSeries(const RetirementOptions& options,
                                                         MultiTierStorage& engine);

// For a start that writes no samples, as that of a backup at rest: reads the list alone. An error
// is logged: the next start reads all series from luma.series then.
void RenewSeriesList(io::FileSystem& fs, const io::Path& directory, MultiTierStorage& engine);

}  // namespace luma::storage
