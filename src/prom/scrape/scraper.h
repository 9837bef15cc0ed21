// Scrapes targets as Prometheus does: the PrometheusScraper of the specification.
//
//   configuration --> jobs --> discovery --> targets --> turns, spread over
//   their interval a turn: fetch (one thread for all sockets) --> page to batch
//   (worker) --> storage
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "model/metrics_source.h"
#include "net/fetcher.h"
#include "net/worker_pool.h"
#include "prom/metric_metadata.h"
#include "prom/scrape/discovery.h"
#include "prom/scrape/scrape_config.h"
#include "prom/scrape/scrape_target.h"
#include "prom/scrape/target.h"
#include "storage/budget.h"

namespace luma::prom {

struct ScraperOptions {
  uint64_t body_bytes_max = 64 << 20;  // of jobs without a body_size_limit
  std::vector<ScrapeConfigPtr> jobs = {};
};

// What came of a target's last scrape.
struct ScrapeReport {
  UnixMillis time = 0;  // 0: there was none yet
  std::chrono::nanoseconds duration{0};
  std::string error;                             // why it failed; empty when it did not
  std::shared_ptr<const MetadataList> metadata;  // of the last good page; null before it
};

struct TargetState {
  std::shared_ptr<const Target> target;
  ScrapeReport last;
};

// What one job scrapes now.
struct ScrapePoolState {
  ScrapeConfigPtr config;
  std::vector<TargetState> active;
  std::vector<LabelBuilder::Map> dropped;  // labels before relabeling, of the first few only
  size_t dropped_count = 0;
};

struct ScraperCounters {
  std::atomic<uint64_t> scrapes{0};
  std::atomic<uint64_t> scrapes_failed{0};
  std::atomic<uint64_t> scrapes_missed{0};  // turns that came while the one before was under way
  std::atomic<uint64_t> samples_stored{0};
  std::atomic<uint64_t> samples_refused{0};  // by storage: beyond limits, or from the future
  std::atomic<uint64_t> samples_duplicate{0};
  std::atomic<uint64_t> samples_out_of_order{0};
  std::atomic<uint64_t> exemplars_stored{0};
  std::atomic<uint64_t> exemplars_refused{0};
  // Batches that storage did not take; but for markers they are lost.
  std::atomic<uint64_t> writes_failed{0};
};

// Every target has its own phase in its interval, fixed by what it is on the machine's clock, so
// that the load is spread and a restart of the server does not shift it. A target still being
// fetched or stored when its turn comes misses that turn. Threads: Start, Reconfigure and Stop from
// one thread. It has one of its own for the schedule, one for all sockets and those of discovery;
// pages are read on the worker pool. Lifetime: everything passed by reference outlives it, and the
// budget also what it gave of metadata.
class PrometheusScraper {
 public:
  PrometheusScraper(net::WorkerPool& workers, MetricsSink& sink, const Clock& clock,
                    storage::MemoryBudget& budget, net::FetcherOptions fetcher_options);
  ~PrometheusScraper();  // Stop()

  // From now on scrapes these jobs, whose names are unique. A target that was there before goes on
  // with the series it had. One that is gone gets staleness markers after two intervals and a
  // tenth, at the time of the scrape it misses first, unless it is back by then; they are written
  // again until storage takes them. Reads no files.
  void Reconfigure(ScraperOptions options) LUMA_EXCLUDES(mutex_);

  // Returns when no scrape is under way; fetches are given up. Writes no staleness markers, as
  // Prometheus does not: a restart would tear a gap into every series.
  void Stop() LUMA_EXCLUDES(mutex_);

  // Ordered by job. Threads: any.
  std::vector<ScrapePoolState> Pools() const LUMA_EXCLUDES(mutex_);
  const ScraperCounters& counters() const { return counters_; }

 private:
  using Nanos = std::chrono::nanoseconds;
  struct Slot;
  using Slots = std::map<std::string, std::unique_ptr<Slot>>;
  struct Pool;
  struct Turn;

  // The schedule.
  void RunSchedule() LUMA_EXCLUDES(mutex_);
  Nanos StartDue() LUMA_REQUIRES(mutex_);  // returns the time to the next
  void TakeTurn(Slot& slot, Nanos now) LUMA_REQUIRES(mutex_);
  void SetDue(Slot& slot, Nanos due) LUMA_REQUIRES(mutex_);

  // One turn, from request to stored batch.
  void StartTurn(Slot& slot) LUMA_REQUIRES(mutex_);
  void Fetch(const std::shared_ptr<Turn>& turn);
  void OnFetched(const std::shared_ptr<Turn>& turn, Result<net::FetchResponse> response);
  void Store(const std::shared_ptr<Turn>& turn);
  void OnStored(const std::shared_ptr<Turn>& turn, const Result<WriteSummary>& stored);
  void Report(Turn& turn, const ScrapeResult& result) LUMA_EXCLUDES(mutex_);
  void Count(const ScrapeResult& result);
  void CountStored(Slot& slot, const WriteSummary& stored);
  static void LogChange(Slot& slot, const Status& status);
  static void LogToFile(Slot& slot, UnixMillis time, const Status& status);
  void Finish(Turn& turn) LUMA_EXCLUDES(mutex_);
  void SetIdle(Slot& slot) LUMA_REQUIRES(mutex_);
  UnixMillis AlignedTime(Slot& slot) LUMA_REQUIRES(mutex_);

  // Targets come and go.
  void OnGroups(const std::string& job, const DiscoveryConfig& config,
                std::vector<TargetGroup> groups) LUMA_EXCLUDES(mutex_);
  void Sync(Pool& pool) LUMA_REQUIRES(mutex_);
  void AddGroups(Pool& pool, const std::vector<TargetGroup>& groups, Slots& before)
      LUMA_REQUIRES(mutex_);
  void AddAddress(Pool& pool, const std::string& address, const LabelBuilder::Map& labels,
                  Slots& before) LUMA_REQUIRES(mutex_);
  void AddTarget(Pool& pool, Target target, Slots& before) LUMA_REQUIRES(mutex_);
  void Leave(std::unique_ptr<Slot> slot) LUMA_REQUIRES(mutex_);
  void EndLeaving(Slot& slot, Nanos now) LUMA_REQUIRES(mutex_);
  bool IsScrapedElsewhere(const Slot& slot) const LUMA_REQUIRES(mutex_);
  void End(Slot& slot, UnixMillis time);
  void OnEnded(Slot& slot, const Status& status) LUMA_EXCLUDES(mutex_);
  void Remove(Slot& slot) LUMA_EXCLUDES(mutex_);

  net::WorkerPool& workers_;
  MetricsSink& sink_;
  const Clock& clock_;
  storage::MemoryBudget& budget_;
  ScraperCounters counters_;
  PageMetadataCache metadata_;
  mutable Mutex mutex_;
  CondVar wake_;
  CondVar idle_;
  uint64_t body_bytes_max_ LUMA_GUARDED_BY(mutex_) = 0;
  std::map<std::string, Pool> pools_ LUMA_GUARDED_BY(mutex_);
  Slots leaving_ LUMA_GUARDED_BY(mutex_);  // by job and key
  std::set<std::pair<Nanos, Slot*>> due_ LUMA_GUARDED_BY(mutex_);
  bool stopping_ LUMA_GUARDED_BY(mutex_) = false;
  size_t busy_count_ LUMA_GUARDED_BY(mutex_) = 0;
  net::Fetcher fetcher_;
  Discovery discovery_;
  std::thread schedule_;  // last: it uses the rest
};

}  // namespace luma::prom
