// The reading part of Prometheus' HTTP API, /api/v1/*.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "model/exemplar_source.h"
#include "model/metrics_source.h"
#include "net/http.h"
#include "net/router.h"
#include "prom/api_request.h"
#include "prom/query_memory.h"
#include "promql/evaluator.h"

namespace luma::prom {

struct QueryApiOptions {
  std::string version = "0.1.0";  // of /api/v1/status/buildinfo
  std::string revision = {};
  std::chrono::milliseconds query_timeout{120'000};
  uint64_t samples_max = 50'000'000;  // that one query may read
  promql::EvaluatorOptions evaluator = {};
  // What query_exemplars answers from; null: there are none. Lifetime: outlives the API.
  const ExemplarSource* exemplars = nullptr;
  // Answers are booked on it while they are made and sent; null: they are not.
  storage::MemoryBudget* budget = nullptr;
  // Runs the queries, so that they hold up nothing else; null: the server's workers do.
  net::WorkerPool* workers = nullptr;
};

// Answers in Prometheus' JSON: {"status":"success","data":...} or
// {"status":"error","errorType":...,"error":...} with 400 bad_data, 422 execution, 503 timeout or
// unavailable (no memory: with Retry-After), 500 internal. An expression the evaluator does not
// support is 422 execution.
// Threads: handlers run on any thread and block on storage. Lifetime: the source, the clock and the
// budget outlive the API, and the API every request it was given.
class QueryApi {
 public:
  QueryApi(const MetricsSource& source, const Clock& clock, QueryApiOptions options);
  void AddRoutes(net::Router& router);
  // Queries at work and later ones give up: 499. Threads: any.
  void CancelAll() { cancelled_ = true; }

 private:
  // An error stands for 400 bad_data; errors of evaluation come as responses.
  using Answer = Result<net::HttpResponse>;
  using Method = Answer (QueryApi::*)(const ApiRequest&, QueryMemory&) const;
  void Add(net::Router& router, std::string_view pattern, Method method);

  Answer Query(const ApiRequest& request, QueryMemory& memory) const;
  Answer QueryRange(const ApiRequest& request, QueryMemory& memory) const;
  Answer Series(const ApiRequest& request, QueryMemory& memory) const;
  Answer LabelNames(const ApiRequest& request, QueryMemory& memory) const;
  Answer LabelValues(const ApiRequest& request, QueryMemory& memory) const;
  Answer BuildInfo(const ApiRequest& request, QueryMemory& memory) const;
  Answer FormatQuery(const ApiRequest& request, QueryMemory& memory) const;
  Answer ParseQuery(const ApiRequest& request, QueryMemory& memory) const;
  Answer Exemplars(const ApiRequest& request, QueryMemory& memory) const;

  // The limits of one query, with the deadline that the parameter "timeout" may bring forward.
  Result<ReadLimits> LimitsOf(const ApiRequest& request, QueryMemory& memory) const;
  promql::Evaluator EvaluatorWith(int64_t lookback_ms) const;

  const MetricsSource& source_;
  const Clock& clock_;
  const QueryApiOptions options_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace luma::prom
