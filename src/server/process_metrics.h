// Metrics of the process under the names that every Prometheus client library uses.
#pragma once

#include <vector>

#include "base/metrics.h"

namespace luma::server {

// process_resident_memory_bytes, process_cpu_seconds_total, process_open_fds, process_max_fds,
// process_start_time_seconds, process_threads and luma_build_info. They vanish with the result.
std::vector<MetricsRegistry::Callback> RegisterProcessMetrics(MetricsRegistry& registry);

// Memory of the process that is in the machine's memory now.
double ResidentBytes();

}  // namespace luma::server
