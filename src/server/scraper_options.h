// The scrape jobs of the configuration as the targets of the scraper.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "prom/alertmanager.h"
#include "prom/scrape/scraper.h"
#include "server/config.h"

namespace luma::server {

// Where the server's own metrics are. Port 0: they are not served, so they cannot be scraped.
struct OwnMetricsPage {
  std::string host;
  uint16_t port = 0;
  std::string path;
};

struct ScraperSettings {
  prom::ScraperOptions options;
  std::string prometheus_yaml;                    // what [scrape] config_file says, without secrets
  std::vector<prom::Alertmanager> alertmanagers;  // that it names
};

// All jobs, those of [scrape] config_file too, which is read here; the server itself is one,
// "lumadb", when [scrape] self says so. Keys of that file that are ignored are logged. Errors:
// kInvalidArgument for jobs of one name, kNotFound for a file, and what is wrong in it.
Result<ScraperSettings> ScraperSettingsOf(const Config& config, const OwnMetricsPage& own);

}  // namespace luma::server
