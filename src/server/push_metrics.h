// Counts of pushed pages and lines, on the metrics page.
#pragma once

#include <vector>

#include "base/metrics.h"
#include "prom/push/push_counters.h"

namespace luma::server {

// luma_import_* and luma_influx_*. Lifetime: the counters outlive what is returned.
std::vector<MetricsRegistry::Callback> RegisterPushMetrics(const prom::PushCounters& import,
                                                           const prom::PushCounters& influx,
                                                           MetricsRegistry& registry);

}  // namespace luma::server
