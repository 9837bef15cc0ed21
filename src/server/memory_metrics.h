// Metrics of memory: what the process has, what is booked for what, and what is in no account.
#pragma once

#include <cstdint>
#include <vector>

#include "base/metrics.h"
#include "storage/budget.h"

namespace luma::server {

// luma_memory_*. They vanish with the result, which must go before the budget does.
std::vector<MetricsRegistry::Callback> RegisterMemoryMetrics(const storage::MemoryBudget& budget,
                                                             uint64_t process_limit_bytes,
                                                             MetricsRegistry& registry);

}  // namespace luma::server
