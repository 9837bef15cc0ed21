// Metrics of scraping, read from the counters the scraper keeps.
#pragma once

#include <vector>

#include "base/metrics.h"
#include "prom/scrape/scraper.h"

namespace luma::server {

// luma_scrape_*. They vanish with the result, which must go before the counters do.
std::vector<MetricsRegistry::Callback> RegisterScraperMetrics(const prom::ScraperCounters& counters,
                                                              MetricsRegistry& registry);

}  // namespace luma::server
