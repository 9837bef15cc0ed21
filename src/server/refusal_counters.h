// Counts the HTTP requests that are answered without a handler.
#pragma once

#include <array>
#include <utility>

#include "base/metrics.h"

namespace luma::server {

// luma_http_refusals_total{code}. Threads: Count from any thread; it takes no lock.
class RefusalCounters {
 public:
  // The registry outlives it. Every code is there from the start, so that rates are right.
  explicit RefusalCounters(MetricsRegistry& registry);
  void Count(int status) const;

 private:
  std::array<std::pair<int, Counter*>, 11> by_status_;
};

}  // namespace luma::server
