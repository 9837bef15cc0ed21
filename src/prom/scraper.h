// Fetches /metrics pages of static targets at an interval: the PrometheusScraper of the
// specification.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "model/metrics_source.h"
#include "net/event_loop.h"
#include "net/worker_pool.h"
#include "prom/metric_metadata.h"
#include "prom/scrape_target.h"

namespace luma::prom {

struct ScheduledTarget {
  ScrapeTargetOptions target;
  std::chrono::milliseconds interval{15'000};
  std::chrono::milliseconds timeout{10'000};  // no longer than the interval
};

struct ScraperOptions {
  uint64_t body_bytes_max = 64 << 20;
  std::vector<ScheduledTarget> targets = {};
};

// What came of a target's last scrape.
struct ScrapeReport {
  UnixMillis time = 0;  // 0: there was none yet
  std::chrono::nanoseconds duration{0};
  std::string error;                             // why it failed; empty when it did not
  std::shared_ptr<const MetadataList> metadata;  // of the last good page; null before it
};

struct TargetState {
  ScheduledTarget scheduled;
  ScrapeReport last;
};

struct ScraperCounters {
  std::atomic<uint64_t> scrapes{0};
  std::atomic<uint64_t> scrapes_failed{0};
  std::atomic<uint64_t> samples_stored{0};
  std::atomic<uint64_t> writes_failed{0};  // batches that storage did not take; they are lost
};

// Every target has its own phase in its interval, fixed by its name on the machine's clock, so that
// the load is spread and a restart of the server does not shift it. A target still being fetched or
// stored when its turn comes misses that turn. Threads: Start, Reconfigure and Stop from one
// thread. It has one of its own for the schedule; the fetching runs on the event loop, the reading
// on the worker pool. Lifetime: everything passed by reference outlives it.
class PrometheusScraper {
 public:
  // Errors: kInvalidArgument for options that cannot work (labels, an interval of nothing).
  static Result<std::unique_ptr<PrometheusScraper>> Start(net::EventLoop& loop,
                                                          net::WorkerPool& workers,
                                                          MetricsSink& sink, const Clock& clock,
                                                          ScraperOptions options);
  ~PrometheusScraper();  // Stop()

  // From now on scrapes these targets. One that was there before goes on with the series it had;
  // those of one that is gone get staleness markers. Errors: as Start, and nothing changes.
  Status Reconfigure(ScraperOptions options) LUMA_EXCLUDES(mutex_);

  // Returns when no fetch is under way, which takes up to the longest timeout. Writes no staleness
  // markers, as Prometheus does not: a restart would tear a gap into every series.
  void Stop() LUMA_EXCLUDES(mutex_);
  // The targets as configured, without those that are leaving. Threads: any.
  std::vector<TargetState> Targets() const LUMA_EXCLUDES(mutex_);
  const ScraperCounters& counters() const { return counters_; }

 private:
  struct Slot {
    explicit Slot(const ScheduledTarget& scheduled)
        : target(scheduled.target), interval(scheduled.interval), timeout(scheduled.timeout) {}
    ScrapeTarget target;   // of the scrape under way
    bool failing = false;  // so that a change is logged, not every failure
    std::chrono::milliseconds interval;
    std::chrono::milliseconds timeout;
    std::chrono::nanoseconds due{0};
    bool busy = false;
    bool leaving = false;  // never due again; goes when its series have their ends
    ScrapeReport last;
  };
  struct Turn;

  PrometheusScraper(net::EventLoop& loop, net::WorkerPool& workers, MetricsSink& sink,
                    const Clock& clock);
  void RunSchedule() LUMA_EXCLUDES(mutex_);
  // Starts the fetches that are due; returns the time to the next.
  std::chrono::nanoseconds StartDue() LUMA_REQUIRES(mutex_);
  void Fetch(Slot& slot) LUMA_REQUIRES(mutex_);
  void Store(const std::shared_ptr<Turn>& turn);
  void Report(Slot& slot, const ScrapeAttempt& attempt, const Status& status) LUMA_EXCLUDES(mutex_);
  void LogChange(Slot& slot, const Status& status);
  void Finish(Slot& slot) LUMA_EXCLUDES(mutex_);

  void TakeOrMake(const ScheduledTarget& wanted, std::vector<std::unique_ptr<Slot>>& before)
      LUMA_REQUIRES(mutex_);
  // False when the workers are too busy.
  bool StartEnding(Slot& slot) LUMA_REQUIRES(mutex_);
  void End(Slot& slot);
  void Remove(Slot& slot) LUMA_EXCLUDES(mutex_);

  net::EventLoop& loop_;
  net::WorkerPool& workers_;
  MetricsSink& sink_;
  const Clock& clock_;
  ScraperCounters counters_;
  PageMetadataCache metadata_;
  mutable Mutex mutex_;
  CondVar wake_;
  uint64_t body_bytes_max_ LUMA_GUARDED_BY(mutex_) = 0;
  // A slot's target and failing belong to whoever set busy, the rest is guarded by mutex_.
  std::vector<std::unique_ptr<Slot>> slots_ LUMA_GUARDED_BY(mutex_);
  bool stopping_ LUMA_GUARDED_BY(mutex_) = false;
  size_t busy_count_ LUMA_GUARDED_BY(mutex_) = 0;
  std::thread schedule_;
};

}  // namespace luma::prom
