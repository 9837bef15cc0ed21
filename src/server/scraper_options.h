// The scrape jobs of the configuration as the targets of the scraper.
#pragma once

#include <cstdint>
#include <string>

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

// The targets of all jobs; the server itself is one, of job "lumadb", when [scrape] self says so.
// Errors: kInvalidArgument for a target that is not host:port.
Result<prom::ScraperOptions> ScraperOptionsOf(const Config& config, const OwnMetricsPage& own);

}  // namespace luma::server
