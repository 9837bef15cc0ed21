#include "server/scraper_options.h"

#include <algorithm>
#include <vector>

#include "net/url.h"
#include "server/scrape_address.h"

namespace luma::server {
namespace {

ScrapeJob OwnJob(const OwnMetricsPage& own) {
  return {.job = "lumadb", .targets = {net::HostAndPort(own.host, own.port)}, .path = own.path};
}

Result<prom::ScheduledTarget> TargetOf(const ScrapeJob& job, const std::string& text,
                                       const Config& config) {
  LUMA_ASSIGN_OR_RETURN(const ScrapeAddress address, ParseScrapeAddress(text));
  const bool has_interval = job.interval.count() > 0;
  const bool has_timeout = job.timeout.count() > 0;
  prom::ScheduledTarget scheduled{.target = {.job = job.job,
                                             .host = address.host,
                                             .port = address.port,
                                             .path = job.path,
                                             .instance = text}};
  scheduled.interval = has_interval ? job.interval : config.scrape.global_interval;
  scheduled.timeout =
      std::min(has_timeout ? job.timeout : config.scrape.scrape_timeout, scheduled.interval);
  return scheduled;
}

}  // namespace

Result<prom::ScraperOptions> ScraperOptionsOf(const Config& config, const OwnMetricsPage& own) {
  std::vector<ScrapeJob> jobs = config.scrape.jobs;
  if (config.scrape.self && own.port != 0) jobs.push_back(OwnJob(own));
  prom::ScraperOptions options{.body_bytes_max = config.scrape.body_limit.bytes};
  for (const ScrapeJob& job : jobs) {
    for (const std::string& text : job.targets) {
      LUMA_ASSIGN_OR_RETURN(prom::ScheduledTarget target, TargetOf(job, text, config));
      options.targets.push_back(std::move(target));
    }
  }
  return options;
}

}  // namespace luma::server
