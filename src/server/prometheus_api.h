// Prometheus' HTTP API over the parts of the server: which part of it answers from what.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "base/parallel_for.h"
#include "net/router.h"
#include "prom/admin_api.h"
#include "prom/cardinality_api.h"
#include "prom/federation.h"
#include "prom/notifications.h"
#include "prom/push/influx_write.h"
#include "prom/push/page_import.h"
#include "prom/query_api.h"
#include "prom/remote_read.h"
#include "prom/remote_write.h"
#include "prom/rules_api.h"
#include "prom/scrape/scraper.h"
#include "prom/search_api.h"
#include "prom/status_api.h"
#include "prom/targets_api.h"
#include "server/config.h"
#include "server/rule_service.h"
#include "server/store.h"

namespace luma::server {

// Threads: Publish, SetScraper and SetRules from one thread at a time, the rest from any. Lifetime:
// the store and the workers outlive it, and it the HTTP server that it gave routes to.
class PrometheusApi {
 public:
  PrometheusApi(Store& store, const Config& config, net::WorkerPool& query_workers,
                const Helpers& query_helpers);

  void AddRoutes(net::Router& router);
  // What the status pages show from now on. `loaded` is false when a new configuration was refused.
  void Publish(const Config& config, bool loaded) LUMA_EXCLUDES(mutex_);
  // The same for the file of [scrape] config_file, without secrets; empty when there is none.
  void PublishScrapeFile(std::string yaml) LUMA_EXCLUDES(mutex_);
  // From now on there are targets to show; the scraper outlives the HTTP server.
  void SetScraper(const prom::PrometheusScraper& scraper) { scraper_ = &scraper; }
  // The same for rules.
  void SetRules(const RuleService& rules) { rules_ = &rules; }
  // What takes a snapshot; without it there are none. Before the routes serve.
  void SetSnapshot(std::function<Result<std::string>()> take) { snapshot_ = std::move(take); }
  // Queries at work and later ones give up.
  void CancelAll();

  const prom::RemoteWriteCounters& remote_write_counters() const {
    return remote_write_.counters();
  }
  const prom::PushCounters& import_counters() const { return import_.counters(); }
  const prom::PushCounters& influx_counters() const { return influx_.counters(); }

 private:
  struct Published {
    std::string yaml;
    std::string scrape_file;
    std::map<std::string, std::string> flags;
    prom::RuntimeInfo runtime;
    prom::FeatureSet features;
  };
  prom::TargetsApiSources TargetSources();
  prom::StatusApiSources StatusSources(Store& store);
  prom::AdminApiOptions AdminOptions(const Config& config, net::WorkerPool& workers);
  prom::RulesApiSources RuleSources();
  Published View() const LUMA_EXCLUDES(mutex_);

  std::atomic<const prom::PrometheusScraper*> scraper_{nullptr};
  std::atomic<const RuleService*> rules_{nullptr};
  std::function<Result<std::string>()> snapshot_;  // set before the routes serve
  prom::Notifications notifications_;
  mutable Mutex mutex_;
  Published published_ LUMA_GUARDED_BY(mutex_);
  prom::WrittenMetadata metadata_;
  prom::RemoteWriteHandler remote_write_;
  prom::PageImport import_;
  prom::InfluxWrite influx_;
  prom::QueryApi query_;
  prom::SearchApi search_;
  prom::RemoteReadHandler remote_read_;
  prom::Federation federation_;
  prom::TargetsApi targets_;
  prom::StatusApi status_;
  prom::CardinalityApi cardinality_;
  prom::RulesApi rules_api_;
  prom::AdminApi admin_;
};

}  // namespace luma::server
