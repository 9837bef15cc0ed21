// What a PrometheusScraper has of each target, of each job, and of a scrape under way.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "prom/scrape/scraper.h"

namespace luma::prom {

// A target and its turns. `series` and what follows it up to `end_failed` belong to whoever set
// busy, the rest is guarded by the mutex.
struct PrometheusScraper::Slot {
  Slot(std::shared_ptr<const Target> wanted, ScrapeConfigPtr job, const MetricsSink& sink,
       storage::MemoryBudget& budget)
      : target(wanted), config(job), series(std::move(wanted), std::move(job), sink, budget) {}

  // By whoever set busy.
  std::string Name() const { return series.config().job_name + "/" + series.target().url; }

  std::shared_ptr<const Target> target;
  ScrapeConfigPtr config;
  ScrapeTarget series;
  // So that a change is logged, not every failure.
  bool failing = false;
  bool refusing = false;     // storage, some samples
  bool log_is_lost = false;  // failures cannot be written to the file of the job
  bool end_failed = false;   // storage did not take the markers of its end
  Status refused;            // why it is not fetched: there are too many targets
  Nanos due{0};              // of the next turn, or of the end
  UnixMillis aligned_time = 0;
  bool busy = false;
  bool leaving = false;
  UnixMillis missed_time = 0;  // leaving: of the first scrape that there was not
  ScrapeReport last;
};

struct PrometheusScraper::Pool {
  ScrapeConfigPtr config;
  std::vector<std::vector<TargetGroup>> found;  // by each of the job's discoveries
  Slots slots;                                  // by the key of the target
  std::vector<LabelBuilder::Map> dropped;
  size_t dropped_count = 0;
};

struct PrometheusScraper::Turn {
  Slot& slot;
  net::FetchRequest request;
  bool reads_secrets = false;
  Nanos begin{0};
  ScrapeAttempt attempt;
  storage::BudgetLease memory = {};  // of the batch
  bool is_second_try = false;
};

}  // namespace luma::prom
