// GET /federate: the latest samples of series in the text format, for another Prometheus to scrape.
#pragma once

#include <atomic>
#include <chrono>

#include "base/clock.h"
#include "model/metrics_source.h"
#include "net/router.h"
#include "prom/api_request.h"
#include "prom/query_memory.h"

namespace luma::prom {

struct FederationOptions {
  std::chrono::milliseconds lookback{5 * 60 * 1000};
  uint64_t samples_max = 50'000'000;
  std::chrono::milliseconds timeout{120'000};
  storage::MemoryBudget* budget = nullptr;
  net::WorkerPool* workers = nullptr;
};

// Every series that one of the match[] matches, with its latest sample of the lookback unless the
// series has ended or that is a native histogram. Names beyond [a-zA-Z0-9_:] are quoted when the
// scraper takes that
// ("escaping=allow-utf-8"), else their other characters become "_".
// Threads: handlers run on any thread and block on storage. Lifetime: the source, the clock and the
// budget outlive it, and it every request it was given.
class Federation {
 public:
  Federation(const MetricsSource& source, const Clock& clock, FederationOptions options)
      : source_(source), clock_(clock), options_(options) {}
  void AddRoutes(net::Router& router);
  // Requests at work and later ones give up. Threads: any.
  void CancelAll() { cancelled_ = true; }

 private:
  net::HttpResponse Answer(const net::HttpRequest& http) const;
  Result<std::string> Page(const std::vector<Matchers>& selectors, bool utf8_names,
                           QueryMemory& memory) const;

  const MetricsSource& source_;
  const Clock& clock_;
  const FederationOptions options_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace luma::prom
