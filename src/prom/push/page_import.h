// POST /api/v1/import/prometheus: a page of metrics, pushed.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "model/metrics_source.h"
#include "net/http.h"
#include "net/router.h"
#include "prom/metric_metadata.h"
#include "prom/push/push_counters.h"
#include "prom/push/push_request.h"
#include "prom/push/pushed_labels.h"
#include "prom/refused_requests.h"
#include "prom/scratch_pool.h"

namespace luma::prom {

//   POST /api/v1/import/prometheus?timestamp=<ms>&extra_label=<name>=<value>
//
//   POST, PUT /api/v1/import/prometheus/metrics/job/<job>/<label>/<value>/..., as a Pushgateway
//
// The page is text, OpenMetrics or protobuf, as its Content-Type says; text when that says
// something else. Samples without a time get that of the parameter, or the present one. Labels of
// the path, and extra_label before them, replace those of the page.
//
// A page is read whole before any of it is stored: 400 with the line for one that cannot be. Then
// it is as with remote write: 204 once everything is durable; 400 when some samples cannot be
// stored, 429 when new series are beyond a limit (see RefusedRequests), the others being stored;
// 429, 503 or 500 with nothing stored. Exemplars that cannot be stored are counted and no error, as
// are those beyond kExemplarsPerRequestMax.
//
// Threads: any. Lifetime: sink, clock, budget and metadata outlive it, and it every request it was
// given.
class PageImport {
 public:
  // `metadata` is where that of pages goes once they are stored, as far as there is memory for it;
  // null: nowhere.
  PageImport(MetricsSink& sink, const Clock& clock, PushOptions options,
             WrittenMetadata* metadata = nullptr)
      : sink_(sink), clock_(clock), options_(options), metadata_(metadata) {}

  void AddRoutes(net::Router& router);
  const PushCounters& counters() const { return counters_; }

 private:
  struct Page {
    UnixMillis time;  // of samples without one
    PushedLabels labels;
  };
  void Handle(const net::HttpRequest& request, Result<PushedLabels> path_labels,
              const net::Responder& responder);
  Result<Page> ReadParameters(const net::HttpRequest& request, Result<PushedLabels> path_labels);
  // What the page tells of its metrics, booked; null: nothing is to be kept of it.
  using PageMetadata = std::shared_ptr<const MetadataList>;
  Result<PageMetadata> ReadPage(const net::HttpRequest& http, const Page& page,
                                PushRequest& request);
  PageMetadata ReadMetadata(std::string_view lines) const;
  void KeepMetadata(const PageMetadata& metadata);
  void Store(const SeriesBatch& batch, PageMetadata metadata, uint64_t key,
             const net::Responder& responder);
  void Answer(net::HttpResponse response, const net::Responder& responder);

  MetricsSink& sink_;
  const Clock& clock_;
  const PushOptions options_;
  WrittenMetadata* const metadata_;
  PushCounters counters_;
  RefusedRequests refused_;
  ScratchPool<PushScratch> scratches_;
};

}  // namespace luma::prom
