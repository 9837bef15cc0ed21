// What became of requests that push text. Since the start.
#pragma once

#include <atomic>
#include <cstdint>

#include "model/metrics_source.h"
#include "net/http.h"

namespace luma::prom {

// Threads: any.
struct PushCounters {
  std::atomic<uint64_t> requests{0};          // that have begun
  std::atomic<uint64_t> requests_failed{0};   // answered 5xx or 429: the sender may repeat it
  std::atomic<uint64_t> requests_refused{0};  // answered with another 4xx
  std::atomic<uint64_t> samples_stored{0};
  std::atomic<uint64_t> samples_refused{0};
  std::atomic<uint64_t> exemplars_stored{0};
  std::atomic<uint64_t> exemplars_refused{0};
  std::atomic<uint64_t> lines_refused{0};    // line protocol: that cannot be read
  std::atomic<uint64_t> strings_ignored{0};  // line protocol: fields that are texts

  void Count(const WriteSummary& stored) {
    samples_stored += stored.samples_stored;
    samples_refused += stored.samples_refused;
    exemplars_stored += stored.exemplars_stored;
    exemplars_refused += stored.exemplars_refused;
  }
  void CountAnswer(int status) {
    const bool may_repeat = status == 429 || status >= 500;
    if (may_repeat) ++requests_failed;
    if (!may_repeat && status >= 400) ++requests_refused;
  }
};

}  // namespace luma::prom
