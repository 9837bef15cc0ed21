// The schedule: scraper_turns.cc has what a turn does, scraper_targets.cc how targets come and go.
#include "prom/scrape/scraper.h"

#include <utility>

#include "prom/scrape/scraper_slot.h"

namespace luma::prom {
namespace {

// The schedule sleeps this long when there is nothing to scrape.
constexpr std::chrono::nanoseconds kIdle = std::chrono::hours(1);

}  // namespace

PrometheusScraper::PrometheusScraper(net::WorkerPool& workers, MetricsSink& sink,
                                     const Clock& clock, storage::MemoryBudget& budget,
                                     net::FetcherOptions fetcher_options)
    : workers_(workers),
      sink_(sink),
      clock_(clock),
      budget_(budget),
      metadata_(budget),
      fetcher_(fetcher_options),
      discovery_(
          fetcher_, clock,
          [this](const std::string& job, const DiscoveryConfig& config,
                 std::vector<TargetGroup> groups) { OnGroups(job, config, std::move(groups)); }),
      schedule_([this] { RunSchedule(); }) {}

PrometheusScraper::~PrometheusScraper() { Stop(); }

void PrometheusScraper::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  if (schedule_.joinable()) schedule_.join();
  fetcher_.Stop();  // ends what is being fetched, requests of discovery too
  discovery_.Stop();
  MutexLock lock(mutex_);
  while (busy_count_ > 0) idle_.Wait(mutex_);
}

void PrometheusScraper::RunSchedule() {
  MutexLock lock(mutex_);
  while (!stopping_) wake_.WaitFor(mutex_, StartDue());
}

PrometheusScraper::Nanos PrometheusScraper::StartDue() {
  while (!due_.empty()) {
    const Nanos now = clock_.Monotonic();
    Slot& slot = *due_.begin()->second;
    if (slot.due > now) return slot.due - now;
    if (slot.leaving) {
      EndLeaving(slot, now);
    } else {
      TakeTurn(slot, now);
    }
  }
  return kIdle;
}

void PrometheusScraper::TakeTurn(Slot& slot, Nanos now) {
  const Nanos interval = slot.target->interval;
  if (slot.busy) {
    ++counters_.scrapes_missed;
  } else {
    StartTurn(slot);
  }
  // The next turn keeps the phase, also after missed ones.
  SetDue(slot, slot.due + ((now - slot.due) / interval + 1) * interval);
}

void PrometheusScraper::SetDue(Slot& slot, Nanos due) {
  due_.erase({slot.due, &slot});
  slot.due = due;
  due_.emplace(slot.due, &slot);
}

std::vector<ScrapePoolState> PrometheusScraper::Pools() const {
  MutexLock lock(mutex_);
  std::vector<ScrapePoolState> pools;
  for (const auto& [job, pool] : pools_) {
    ScrapePoolState& state = pools.emplace_back();
    state.config = pool.config;
    state.dropped = pool.dropped;
    state.dropped_count = pool.dropped_count;
    for (const auto& [key, slot] : pool.slots) {
      state.active.push_back({.target = slot->target, .last = slot->last});
    }
  }
  return pools;
}

}  // namespace luma::prom
