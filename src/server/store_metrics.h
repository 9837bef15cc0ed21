// Metrics of the store, read from the statistics that its parts keep.
#pragma once

#include <vector>

#include "base/metrics.h"
#include "storage/engine.h"
#include "storage/metrics/metrics_store.h"

namespace luma::server {

// luma_storage_*, luma_wal_*, luma_series*, luma_samples_* and luma_retention_*. They vanish with the
// result, which must go before the parts do.
std::vector<MetricsRegistry::Callback> RegisterStoreMetrics(storage::MultiTierStorage& engine,
                                                            const storage::MetricsStore& metrics,
                                                            MetricsRegistry& registry);

}  // namespace luma::server
