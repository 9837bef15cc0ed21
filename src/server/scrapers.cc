#include "server/scrapers.h"

#include <charconv>
#include <map>

namespace luma::server {
namespace {

using Timing = std::pair<Duration, Duration>;  // interval, timeout

Result<prom::ScrapeTargetOptions> TargetOf(const ScrapeJob& job, const std::string& address) {
  const size_t colon = address.rfind(':');
  std::string_view host = std::string_view(address).substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string_view port_text = std::string_view(address).substr(colon + 1);
  prom::ScrapeTargetOptions target{
      .job = job.job, .host = std::string(host), .path = job.path, .instance = address};
  const char* end = port_text.data() + port_text.size();
  const auto [parsed, error] = std::from_chars(port_text.data(), end, target.port);
  if (colon == std::string::npos || error != std::errc() || parsed != end || target.port == 0) {
    return Status::InvalidArgument("not of the form host:port: target=", address);
  }
  return target;
}

Timing TimingOf(const ScrapeJob& job, const Config& config) {
  const Duration interval = job.interval.count() > 0 ? job.interval : config.scrape.global_interval;
  const Duration timeout = job.timeout.count() > 0 ? job.timeout : config.scrape.scrape_timeout;
  return {interval, std::min(timeout, interval)};
}

ScrapeJob OwnJob(const OwnMetricsPage& own) {
  const bool is_ipv6 = own.host.find(':') != std::string::npos;
  const std::string host = is_ipv6 ? "[" + own.host + "]" : own.host;
  return {.job = "lumadb", .targets = {host + ":" + std::to_string(own.port)}, .path = own.path};
}

}  // namespace

Result<std::vector<prom::ScraperOptions>> ScraperOptionsOf(const Config& config,
                                                           const OwnMetricsPage& own) {
  std::vector<ScrapeJob> jobs = config.scrape.jobs;
  if (config.scrape.self && own.port != 0) jobs.push_back(OwnJob(own));
  std::map<Timing, prom::ScraperOptions> scrapers;
  for (const ScrapeJob& job : jobs) {
    const Timing timing = TimingOf(job, config);
    prom::ScraperOptions& scraper = scrapers[timing];
    scraper.global_interval = timing.first;
    scraper.timeout = timing.second;
    scraper.body_bytes_max = config.scrape.body_limit.bytes;
    for (const std::string& address : job.targets) {
      LUMA_ASSIGN_OR_RETURN(prom::ScrapeTargetOptions target, TargetOf(job, address));
      scraper.targets.push_back(std::move(target));
    }
  }
  std::vector<prom::ScraperOptions> options;
  for (auto& [timing, scraper] : scrapers) options.push_back(std::move(scraper));
  return options;
}

}  // namespace luma::server
