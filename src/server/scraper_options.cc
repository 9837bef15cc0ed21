#include "server/scraper_options.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/log.h"
#include "net/url.h"
#include "prom/scrape/prometheus_config.h"

namespace luma::server {
namespace {

ScrapeJob OwnJob(const OwnMetricsPage& own) {
  return {.job = "lumadb", .targets = {net::HostAndPort(own.host, own.port)}, .path = own.path};
}

// A job of our own file as Prometheus would be given it.
prom::ScrapeConfig ConfigOf(const ScrapeJob& job, const Config& config) {
  const bool has_interval = job.interval.count() > 0;
  const bool has_timeout = job.timeout.count() > 0;
  prom::ScrapeConfig scrape{.job_name = job.job, .metrics_path = job.path};
  scrape.interval = has_interval ? job.interval : config.scrape.global_interval;
  scrape.timeout =
      std::min(has_timeout ? job.timeout : config.scrape.scrape_timeout, scrape.interval);
  scrape.fallback_media_type = "text/plain";
  scrape.static_groups = {{.targets = job.targets}};
  return scrape;
}

Status CheckNames(const std::vector<prom::ScrapeConfigPtr>& jobs) {
  std::set<std::string> names;
  for (const prom::ScrapeConfigPtr& job : jobs) {
    if (!names.insert(job->job_name).second) {
      return Status::InvalidArgument("two scrape jobs have one name: job=", job->job_name);
    }
  }
  return Status::Ok();
}

}  // namespace

Result<ScraperSettings> ScraperSettingsOf(const Config& config, const OwnMetricsPage& own) {
  std::vector<ScrapeJob> own_jobs = config.scrape.jobs;
  if (config.scrape.self && own.port != 0) own_jobs.push_back(OwnJob(own));
  ScraperSettings settings;
  settings.options.body_bytes_max = config.scrape.body_limit.bytes;
  std::vector<prom::ScrapeConfigPtr>& jobs = settings.options.jobs;
  for (const ScrapeJob& job : own_jobs) {
    jobs.push_back(std::make_shared<const prom::ScrapeConfig>(ConfigOf(job, config)));
    LUMA_RETURN_IF_ERROR(prom::CheckScrapeConfig(*jobs.back()));
  }
  if (const std::string& path = config.scrape.config_file; !path.empty()) {
    LUMA_ASSIGN_OR_RETURN(prom::PrometheusConfig file, prom::LoadPrometheusConfig(path));
    for (const std::string& warning : file.warnings) {
      LUMA_LOG(kWarn, "scrape", "{}: {}", path, warning);
    }
    jobs.insert(jobs.end(), file.scrape_configs.begin(), file.scrape_configs.end());
    settings.prometheus_yaml = std::move(file.text);
    settings.alertmanagers = std::move(file.alertmanagers);
  }
  LUMA_RETURN_IF_ERROR(CheckNames(jobs));
  return settings;
}

}  // namespace luma::server
