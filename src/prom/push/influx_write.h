// What senders of InfluxDB's line protocol call, Telegraf above all.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "model/metrics_source.h"
#include "net/http.h"
#include "net/router.h"
#include "prom/push/line_decoder.h"
#include "prom/push/push_counters.h"
#include "prom/push/push_request.h"
#include "prom/refused_requests.h"
#include "prom/scratch_pool.h"

namespace luma::prom {

//   POST /write?db=&precision=: InfluxDB 1; errors are {"error":"..."}
//
//   POST /api/v2/write?bucket=&org=&precision=: InfluxDB 2; errors are {"code":"","message":"..."}
//
//   GET, POST /query: CREATE DATABASE is answered as done: a database is a label and needs nothing
//
//   GET /ping, /health
//
// All of them under /influx, too. Parameters rp, consistency and org are of no meaning here;
// extra_label=<name>=<value> is, as in page_import.h. What a point becomes: line_decoder.h.
//
// 204 once everything is durable. Lines that cannot be read or stored are left out: 400 "partial
// write: ..." names the first of them and how many were dropped; 429 when new series are beyond a
// limit (see RefusedRequests). 413, 415, 429, 503 and 500 else: nothing was stored.
//
// Threads: any. Lifetime: sink, clock and budget outlive it, and it every request it was given.
class InfluxWrite {
 public:
  InfluxWrite(MetricsSink& sink, const Clock& clock, PushOptions options)
      : sink_(sink), clock_(clock), options_(options) {}

  void AddRoutes(net::Router& router);
  const PushCounters& counters() const { return counters_; }

 private:
  enum class Version : uint8_t { kOne, kTwo };

  void AddRoutes(std::string_view prefix, net::Router& router);
  void Handle(const net::HttpRequest& http, Version version, const net::Responder& responder);
  Result<LineSummary> Decode(const net::HttpRequest& http, PushRequest& request);
  void Store(const SeriesBatch& batch, LineSummary lines, Version version, uint64_t key,
             const net::Responder& responder);
  net::HttpResponse ErrorResponse(const Status& status, Version version) const;
  void Answer(net::HttpResponse response, const net::Responder& responder);

  MetricsSink& sink_;
  const Clock& clock_;
  const PushOptions options_;
  PushCounters counters_;
  RefusedRequests refused_;
  ScratchPool<PushScratch> scratches_;
};

}  // namespace luma::prom
