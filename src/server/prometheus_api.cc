#include "server/prometheus_api.h"

#include <utility>
#include <vector>

#include "base/metrics.h"
#include "server/prometheus_view.h"
#include "server/tsdb_blocks.h"
#include "server/version.h"

namespace luma::server {
namespace {

prom::QueryApiOptions QueryOptions(const Config& config, Store& store, net::WorkerPool& workers,
                                   const Helpers& helpers) {
  prom::QueryApiOptions options;
  options.version = kVersion;
  if (config.query.timeout.count() > 0) options.query_timeout = config.query.timeout;
  options.evaluator.use_start_timestamps = config.query.use_start_timestamps;
  options.evaluator.helpers = helpers;
  options.exemplars = &store.metrics();
  options.budget = &store.engine().budget();
  options.workers = &workers;
  return options;
}

// Of reads by the HTTP API.
template <typename Options>
Options ReadOptions(const Config& config, Store& store, net::WorkerPool& workers) {
  Options options;
  if (config.query.timeout.count() > 0) options.timeout = config.query.timeout;
  options.budget = &store.engine().budget();
  options.workers = &workers;
  return options;
}

prom::PushOptions PushOptionsOf(const Config& config, Store& store) {
  return {.body_bytes_max = config.server.body_limit.bytes,
          .decoded_bytes_max = config.server.body_limit.bytes,
          .budget = &store.engine().budget()};
}

}  // namespace

PrometheusApi::PrometheusApi(Store& store, const Config& config, net::WorkerPool& query_workers,
                             const Helpers& query_helpers)
    : remote_write_(store.metrics(), {.body_bytes_max = config.server.body_limit.bytes,
                                      .decoded_bytes_max = config.server.body_limit.bytes,
                                      .budget = &store.engine().budget(),
                                      .metadata = &metadata_}),
      import_(store.metrics(), Clock::System(), PushOptionsOf(config, store), &metadata_),
      influx_(store.metrics(), Clock::System(), PushOptionsOf(config, store)),
      query_(store.metrics(), Clock::System(),
             QueryOptions(config, store, query_workers, query_helpers)),
      search_(
          store.metrics(), Clock::System(),
          [this](const prom::MetadataVisitor& visit) { VisitMetadata(TargetSources(), visit); },
          ReadOptions<prom::SearchApiOptions>(config, store, query_workers)),
      remote_read_(store.metrics(),
                   {.budget = &store.engine().budget(), .workers = &query_workers}),
      federation_(store.metrics(), Clock::System(),
                  {.budget = &store.engine().budget(), .workers = &query_workers}),
      targets_(TargetSources()),
      status_(store.metrics(), Clock::System(), StatusSources(store),
              ReadOptions<prom::StatusApiOptions>(config, store, query_workers)),
      cardinality_(store.metrics().cardinality(),
                   [&store] { return store.metrics().registry().series_count(); }),
      rules_api_(RuleSources()),
      admin_(store.metrics(), AdminOptions(config, query_workers)) {
  Publish(config, /*loaded=*/true);
  MutexLock lock(mutex_);
  published_.runtime.start_time = published_.runtime.last_config_time;
}

void PrometheusApi::AddRoutes(net::Router& router) {
  remote_write_.AddRoutes(router);
  import_.AddRoutes(router);
  influx_.AddRoutes(router);
  query_.AddRoutes(router);
  search_.AddRoutes(router);
  remote_read_.AddRoutes(router);
  federation_.AddRoutes(router);
  targets_.AddRoutes(router);
  status_.AddRoutes(router);
  cardinality_.AddRoutes(router);
  rules_api_.AddRoutes(router);
  admin_.AddRoutes(router);
}

void PrometheusApi::Publish(const Config& config, bool loaded) {
  const UnixMillis now = Clock::System().NowMillis();
  notifications_.Set(prom::kReloadFailedNotification, !loaded, now);
  Published next{.yaml = PrometheusConfigYaml(config),
                 .scrape_file = {},
                 .flags = PrometheusFlags(config),
                 .runtime = PrometheusRuntimeInfo(config),
                 .features = PrometheusFeatures(config)};
  MutexLock lock(mutex_);
  next.scrape_file = published_.scrape_file;
  next.runtime.start_time = published_.runtime.start_time;
  next.runtime.reload_config_success = loaded;
  next.runtime.last_config_time = loaded ? now : published_.runtime.last_config_time;
  published_ = std::move(next);
}

void PrometheusApi::PublishScrapeFile(std::string yaml) {
  MutexLock lock(mutex_);
  published_.scrape_file = std::move(yaml);
}

void PrometheusApi::CancelAll() {
  query_.CancelAll();
  search_.CancelAll();
  remote_read_.CancelAll();
  federation_.CancelAll();
  status_.CancelAll();
}

PrometheusApi::Published PrometheusApi::View() const {
  MutexLock lock(mutex_);
  return published_;
}

prom::TargetsApiSources PrometheusApi::TargetSources() {
  return {
      .pools =
          [this] {
            const prom::PrometheusScraper* scraper = scraper_;
            return scraper == nullptr ? std::vector<prom::ScrapePoolState>() : scraper->Pools();
          },
      .written_metadata = [this](const prom::MetadataVisitor& visit) { metadata_.ForEach(visit); }};
}

prom::AdminApiOptions PrometheusApi::AdminOptions(const Config& config, net::WorkerPool& workers) {
  return {.enabled = config.server.admin_api,
          .workers = &workers,
          .snapshot = [this]() -> Result<std::string> {
            if (!snapshot_) return Status::Unavailable("snapshots are not served");
            return snapshot_();
          }};
}

prom::StatusApiSources PrometheusApi::StatusSources(Store& store) {
  return {.config_yaml =
              [this] {
                const Published view = View();
                return view.scrape_file.empty() ? view.yaml : view.scrape_file;
              },
          .flags = [this] { return View().flags; },
          .runtime = [this] { return View().runtime; },
          .features = [this] { return View().features; },
          .blocks = [&store] { return TsdbBlocks(store.engine()); },
          .self_metrics = [] { return MetricsRegistry::Default().Text(); },
          .notifications = &notifications_};
}

prom::RulesApiSources PrometheusApi::RuleSources() {
  return {
      .groups =
          [this] {
            const RuleService* service = rules_;
            return service == nullptr ? std::vector<rules::RuleGroupState>() : service->Groups();
          },
      .alertmanagers =
          [this] {
            const RuleService* service = rules_;
            return service == nullptr ? std::vector<std::string>() : service->AlertmanagerUrls();
          }};
}

}  // namespace luma::server
