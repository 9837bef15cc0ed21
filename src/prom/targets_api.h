// What the HTTP API tells about scraping, and about metrics' types and helps.
#pragma once

#include <functional>
#include <vector>

#include "net/router.h"
#include "prom/api_request.h"
#include "prom/metric_metadata.h"
#include "prom/scrape/scraper.h"

namespace luma::prom {

// What the scraper and remote write have to tell. Threads: both may be called from any thread.
struct TargetsApiSources {
  std::function<std::vector<ScrapePoolState>()> pools;  // ordered by job
  std::function<void(const MetadataVisitor&)> written_metadata;
};

// What is known of metrics, none of it copied: of targets, a list that several share once, then of
// senders.
void VisitMetadata(const TargetsApiSources& sources, const MetadataVisitor& visit);

//   GET /api/v1/targets            ?state=active|dropped|any  ?scrapePool=
//   GET /api/v1/targets/metadata   ?match_target=  ?metric=  ?limit=
//   GET /api/v1/targets/relabel_steps   ?scrapePool=  ?labels=
//   GET /api/v1/scrape_pools
//   GET /api/v1/scrape_pools/config     ?scrapePool=
//   GET /api/v1/metadata           ?metric=  ?limit=  ?limit_per_metric=
// Metadata is that of the targets' last pages and, for /metadata, what senders told by remote
// write. A pool is a job.
class TargetsApi {
 public:
  explicit TargetsApi(TargetsApiSources sources) : sources_(std::move(sources)) {}
  void AddRoutes(net::Router& router);

 private:
  using Answer = Result<net::HttpResponse>;
  Answer Targets(const ApiRequest& request) const;
  Answer TargetMetadata(const ApiRequest& request) const;
  Answer RelabelSteps(const ApiRequest& request) const;
  Answer ScrapePools() const;
  Answer PoolConfig(const ApiRequest& request) const;
  Answer Metadata(const ApiRequest& request) const;

  const TargetsApiSources sources_;
};

}  // namespace luma::prom
