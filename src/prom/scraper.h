// Fetches /metrics pages of static targets at an interval: the PrometheusScraper of the
// specification.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "model/metrics_source.h"
#include "net/event_loop.h"
#include "net/worker_pool.h"
#include "prom/scrape_target.h"

namespace luma::prom {

struct ScraperOptions {
  std::chrono::milliseconds global_interval{15'000};
  std::chrono::milliseconds timeout{10'000};  // no longer than the interval
  uint64_t body_bytes_max = 64 << 20;
  std::vector<ScrapeTargetOptions> targets;
};

struct ScraperCounters {
  std::atomic<uint64_t> scrapes{0};
  std::atomic<uint64_t> scrapes_failed{0};
  std::atomic<uint64_t> samples_stored{0};
  std::atomic<uint64_t> writes_failed{0};  // batches that storage did not take; they are lost
};

// Every target has its own phase in the interval, fixed by its name, so that the load is spread and
// a restart does not shift it. A target still being fetched or stored when its turn comes misses
// that turn. Threads: one of its own for the schedule; the fetching runs on the event loop, the
// reading on the worker pool. Lifetime: everything passed by reference outlives it.
class PrometheusScraper {
 public:
  // Errors: kInvalidArgument for options that cannot work (labels, an interval of nothing).
  static Result<std::unique_ptr<PrometheusScraper>> Start(net::EventLoop& loop,
                                                          net::WorkerPool& workers,
                                                          MetricsSink& sink, const Clock& clock,
                                                          ScraperOptions options);
  ~PrometheusScraper();  // Stop()

  // Returns when no fetch is under way, which takes up to the timeout.
  void Stop() LUMA_EXCLUDES(mutex_);
  const ScraperCounters& counters() const { return counters_; }

 private:
  struct Slot {
    explicit Slot(ScrapeTargetOptions options) : target(std::move(options)) {}
    ScrapeTarget target;  // of the scrape under way
    std::chrono::nanoseconds due{0};
    bool busy = false;
    bool failing = false;  // so that a change is logged, not every failure
  };
  struct Turn;

  PrometheusScraper(net::EventLoop& loop, net::WorkerPool& workers, MetricsSink& sink,
                    const Clock& clock, ScraperOptions options);
  void RunSchedule() LUMA_EXCLUDES(mutex_);
  // Starts the fetches that are due; returns the time to the next.
  std::chrono::nanoseconds StartDue() LUMA_REQUIRES(mutex_);
  void Fetch(Slot& slot);
  void Store(const std::shared_ptr<Turn>& turn);
  void LogChange(Slot& slot, const Status& status);
  void Finish(Slot& slot) LUMA_EXCLUDES(mutex_);

  net::EventLoop& loop_;
  net::WorkerPool& workers_;
  MetricsSink& sink_;
  const Clock& clock_;
  const ScraperOptions options_;
  ScraperCounters counters_;
  Mutex mutex_;
  CondVar wake_;
  // The list is fixed; busy and due are guarded by mutex_, the rest belongs to whoever set busy.
  std::vector<std::unique_ptr<Slot>> slots_;
  bool stopping_ LUMA_GUARDED_BY(mutex_) = false;
  size_t busy_count_ LUMA_GUARDED_BY(mutex_) = 0;
  std::thread schedule_;
};

}  // namespace luma::prom
