// The part of Prometheus' HTTP API that changes stored data, and confirming the clock.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "model/metrics_admin.h"
#include "net/http.h"
#include "net/router.h"
#include "prom/api_request.h"

namespace luma::prom {

struct AdminApiOptions {
  // Otherwise every route answers 503 "admin APIs disabled", as Prometheus does.
  bool enabled = false;
  // Deletes and snapshots run on these; null: on the server's.
  net::WorkerPool* workers = nullptr;
  // Takes a snapshot and gives its name. Blocks. Empty: there are none.
  std::function<Result<std::string>()> snapshot = {};
};

//   POST|PUT /api/v1/admin/tsdb/delete_series?match[]=...&start=...&end=...   204
//   POST|PUT /api/v1/admin/tsdb/clean_tombstones                              204
//   POST|PUT /api/v1/admin/tsdb/snapshot                 {"name":"..."}; skip_head changes nothing
//   POST     /-/confirm-clock                                                 204
// Errors: 400 bad_data; those of MetricsAdmin, as ErrorResponse gives them.
// Threads: handlers run on any thread and block on storage. Lifetime: `admin` outlives it, and it
// every request it was given.
class AdminApi {
 public:
  AdminApi(MetricsAdmin& admin, AdminApiOptions options)
      : admin_(admin), options_(std::move(options)) {}
  void AddRoutes(net::Router& router);

 private:
  using Method = net::HttpResponse (AdminApi::*)(const ApiRequest&);
  void Add(net::Router& router, std::string_view verb, std::string_view pattern, Method method);

  net::HttpResponse DeleteSeries(const ApiRequest& request);
  net::HttpResponse CleanTombstones(const ApiRequest& request);
  net::HttpResponse Snapshot(const ApiRequest& request);
  net::HttpResponse ConfirmClock(const ApiRequest& request);

  MetricsAdmin& admin_;
  const AdminApiOptions options_;
};

}  // namespace luma::prom
