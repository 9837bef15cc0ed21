// The scrape jobs of the configuration as running scrapers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "prom/scraper.h"
#include "server/config.h"

namespace luma::server {

// Where the server's own metrics are. Port 0: they are not served, so they cannot be scraped.
struct OwnMetricsPage {
  std::string host;
  uint16_t port = 0;
  std::string path;
};

// The jobs by interval and timeout, since a scraper has one of each; the server itself is a target
// of job "lumadb" when [scrape] self says so. Errors: kInvalidArgument for a target that is not
// host:port.
Result<std::vector<prom::ScraperOptions>> ScraperOptionsOf(const Config& config,
                                                           const OwnMetricsPage& own);

}  // namespace luma::server
