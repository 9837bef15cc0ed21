// How near the store is to its limits of series, on the metrics page.
#pragma once

#include <vector>

#include "base/metrics.h"
#include "storage/metrics/metrics_store.h"

namespace luma::server {

// luma_cardinality_*{limit="series"|"series_per_metric"|"values_per_label"}. Lifetime: the store
// outlives what is returned.
std::vector<MetricsRegistry::Callback> RegisterCardinalityMetrics(
    const storage::MetricsStore& metrics, MetricsRegistry& registry);

}  // namespace luma::server
