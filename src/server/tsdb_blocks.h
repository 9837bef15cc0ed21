// The files of samples as the blocks that a Prometheus would show: /api/v1/status/tsdb/blocks.
#pragma once

#include <vector>

#include "prom/status_api.h"
#include "storage/engine.h"

namespace luma::server {

// One block for each segment file and cold object of luma.samples and luma.histograms. Identifiers
// stay while the files do. The number of series is not known without reading.
std::vector<prom::BlockInfo> TsdbBlocks(storage::MultiTierStorage& engine);

}  // namespace luma::server
