// Metrics of remote write, read from the counters its handler keeps.
#pragma once

#include <vector>

#include "base/metrics.h"
#include "prom/remote_write.h"

namespace luma::server {

// luma_remote_write_*. They vanish with the result, which must go before the counters do.
std::vector<MetricsRegistry::Callback> RegisterRemoteWriteMetrics(
    const prom::RemoteWriteCounters& counters, MetricsRegistry& registry);

}  // namespace luma::server
