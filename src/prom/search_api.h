// Finding names and values by a few letters: what Prometheus has with its feature search-api.
//
//   GET|POST /api/v1/search/metric_names    ?include_metadata=
//   GET|POST /api/v1/search/label_names
//   GET|POST /api/v1/search/label_values    ?label=
//
// All take match[], start, end (the last hour by default), search[] (one of up to 32 terms has to
// fit), fuzz_alg (subsequence, jarowinkler), fuzz_threshold (0..100), case_sensitive, sort_by
// (alpha, score), sort_dir (asc, dsc), limit (100; 10,000 at most), batch_size and include_score.
// The answer is lines of JSON: {"results":[...]} for each batch, then
// {"status":"success","has_more":false}.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "model/metrics_source.h"
#include "net/router.h"
#include "prom/api_request.h"
#include "prom/metric_metadata.h"
#include "prom/query_memory.h"

namespace luma::prom {

struct SearchApiOptions {
  std::chrono::milliseconds timeout{120'000};
  storage::MemoryBudget* budget = nullptr;
  net::WorkerPool* workers = nullptr;
};

// Letters change their case in ASCII only. Lifetime: the source, the clock and the budget outlive
// it, and it every request it was given.
class SearchApi {
 public:
  // Tells what is known of metrics, the best first. Threads: any.
  using Metadata = std::function<void(const MetadataVisitor&)>;
  SearchApi(const MetricsSource& source, const Clock& clock, Metadata metadata,
            SearchApiOptions options)
      : source_(source), clock_(clock), metadata_(std::move(metadata)), options_(options) {}
  void AddRoutes(net::Router& router);
  // Requests at work and later ones give up. Threads: any.
  void CancelAll() { cancelled_ = true; }

 private:
  using Answer = Result<net::HttpResponse>;
  using Texts = std::vector<std::string>;
  // Reads the texts that a search is about.
  using Reader = std::function<Result<Texts>(const Matchers&, TimeRange, const ReadLimits&)>;
  Answer MetricNames(const ApiRequest& request) const;
  Answer LabelNames(const ApiRequest& request) const;
  Answer LabelValues(const ApiRequest& request) const;
  Answer Search(const ApiRequest& request, std::string_view field, bool with_metadata,
                const Reader& read) const;

  const MetricsSource& source_;
  const Clock& clock_;
  const Metadata metadata_;
  const SearchApiOptions options_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace luma::prom
