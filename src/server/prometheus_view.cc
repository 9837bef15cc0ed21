#include "server/prometheus_view.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string_view>
#include <system_error>
#include <thread>

#include "net/url.h"
#include "promql/duration_text.h"
#include "server/memory_shares.h"
#include "server/rule_settings.h"

namespace luma::server {
namespace {

std::string Text(Duration duration) { return promql::DurationText(duration.count()); }

// A YAML scalar that needs no escapes but its own quote.
std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted.append(c == '\'' ? "''" : std::string(1, c));
  return quoted + "'";
}

void AppendJob(const ScrapeJob& job, const Config& config, std::string& yaml) {
  const Duration interval = job.interval.count() > 0 ? job.interval : config.scrape.global_interval;
  const Duration timeout = job.timeout.count() > 0 ? job.timeout : config.scrape.scrape_timeout;
  fmt::format_to(std::back_inserter(yaml),
                 "- job_name: {}\n  scrape_interval: {}\n  scrape_timeout: {}\n"
                 "  metrics_path: {}\n  scheme: http\n  static_configs:\n  - targets:\n",
                 Quoted(job.job), Text(interval), Text(std::min(timeout, interval)),
                 Quoted(job.path));
  for (const std::string& target : job.targets) yaml += "    - " + Quoted(target) + "\n";
}

std::string Bool(bool value) { return value ? "true" : "false"; }

std::string Address(const std::string& host, int64_t port) {
  return net::HostAndPort(host, static_cast<uint16_t>(port));
}

int ThreadCount() {
  std::error_code error;
  const std::filesystem::directory_iterator threads("/proc/self/task", error);
  return error ? 0 : static_cast<int>(std::distance(begin(threads), end(threads)));
}

std::string Hostname() {
  char name[256] = {};
  return gethostname(name, sizeof(name) - 1) == 0 ? name : "";
}

}  // namespace

std::string PrometheusConfigYaml(const Config& config) {
  std::string yaml =
      fmt::format("global:\n  scrape_interval: {}\n  scrape_timeout: {}\n",
                  Text(config.scrape.global_interval), Text(config.scrape.scrape_timeout));
  if (!config.scrape.jobs.empty()) yaml += "scrape_configs:\n";
  for (const ScrapeJob& job : config.scrape.jobs) AppendJob(job, config, yaml);
  return yaml;
}

std::map<std::string, std::string> PrometheusFlags(const Config& config) {
  const Duration keep = config.retention.default_keep;
  return {
      {"enable-feature", config.query.use_start_timestamps ? "use-start-timestamps" : ""},
      {"log.level", config.general.log_level},
      {"query.lookback-delta", "5m"},
      {"query.max-concurrency", std::to_string(config.query.max_concurrent)},
      {"query.max-samples", "50000000"},
      {"query.timeout", Text(config.query.timeout)},
      {"rules.alert.for-grace-period", Text(config.rules.for_grace_period)},
      {"rules.alert.for-outage-tolerance", Text(config.rules.for_outage_tolerance)},
      {"rules.alert.resend-delay", Text(config.rules.resend_delay)},
      {"storage.tsdb.path", config.general.data_dir},
      {"storage.tsdb.retention.time", keep.count() > 0 ? Text(keep) : "0s"},
      {"web.cors.origin", config.server.cors_origin},
      {"web.enable-admin-api", Bool(config.server.admin_api)},
      {"web.enable-lifecycle", Bool(config.server.lifecycle_api)},
      {"web.enable-otlp-receiver", "false"},
      {"web.enable-remote-write-receiver", "true"},
      {"web.listen-address", Address(config.server.host, config.server.port)},
      {"web.max-connections", std::to_string(config.server.max_connections)},
  };
}

prom::FeatureSet PrometheusFeatures(const Config& config) {
  return {
      {"api",
       {{"admin", config.server.admin_api},
        {"exclude_alerts", true},
        {"label_values_match", true},
        {"lifecycle", config.server.lifecycle_api},
        {"otlp_write_receiver", false},
        {"query_stats", true},
        {"query_warnings", true},
        {"remote_write_receiver", true},
        {"search", true},
        {"time_range_labels", true},
        {"time_range_series", true}}},
      {"prometheus", {{"agent_mode", false}, {"auto_reload_config", false}, {"server_mode", true}}},
      {"promql",
       {{"anchored", true},
        {"at_modifier", true},
        {"delayed_name_removal", true},
        {"duration_expr", true},
        {"fill", true},
        {"negative_offset", true},
        {"per_query_lookback_delta", true},
        {"per_step_stats", false},
        {"smoothed", true},
        {"subqueries", true},
        {"use_start_timestamps", config.query.use_start_timestamps}}},
      {"rules",
       {{"concurrent_rule_eval", false}, {"keep_firing_for", true}, {"query_offset", true}}},
      {"tsdb",
       {{"exemplar_storage", config.ingest.exemplars},
        {"isolation", true},
        {"native_histograms", false}}},
  };
}

prom::RuntimeInfo PrometheusRuntimeInfo(const Config& config) {
  std::error_code error;
  const Duration keep = config.retention.default_keep;
  prom::RuntimeInfo info;
  info.working_directory = std::filesystem::current_path(error).string();
  info.hostname = Hostname();
  info.processors = static_cast<int>(std::thread::hardware_concurrency());
  info.threads = ThreadCount();
  info.memory_limit_bytes = MemoryLimitBytes(config);
  info.storage_retention = keep.count() > 0 ? Text(keep) : "";
  return info;
}

}  // namespace luma::server
