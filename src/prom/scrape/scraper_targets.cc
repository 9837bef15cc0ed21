// Targets come and go: what is configured and found becomes slots, and those that are gone end.
#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/log.h"
#include "prom/scrape/scraper_slot.h"

namespace luma::prom {
namespace {

using Nanos = std::chrono::nanoseconds;

// How soon the end of a target is tried again while it is busy.
constexpr Nanos kEndRetryDelay = std::chrono::milliseconds(100);
// The same when storage did not take its markers.
constexpr Nanos kEndAgainDelay = std::chrono::seconds(1);
constexpr size_t kDroppedShownMax = 10'000;

// The next time at which the phase of `key` comes round.
Nanos NextTurn(const std::string& key, Nanos interval, Nanos now) {
  const uint64_t hash = Hash64(AsBytes(key));
  const Nanos phase(hash % static_cast<uint64_t>(interval.count()));
  return now + (interval + phase - now % interval) % interval;
}

std::string LeavingKey(const std::string& job, const Target& target) {
  return job + "\n" + target.key;
}

// What was found by a discovery that the job still has stays until there is news.
std::vector<std::vector<TargetGroup>> StillFound(const std::vector<DiscoveryConfig>& before,
                                                 const std::vector<std::vector<TargetGroup>>& found,
                                                 const std::vector<DiscoveryConfig>& after) {
  std::vector<std::vector<TargetGroup>> still(after.size());
  for (size_t i = 0; i < after.size(); ++i) {
    const auto same = std::ranges::find(before, after[i]);
    if (same != before.end()) still[i] = found[static_cast<size_t>(same - before.begin())];
  }
  return still;
}

}  // namespace

void PrometheusScraper::Reconfigure(ScraperOptions options) {
  {
    MutexLock lock(mutex_);
    body_bytes_max_ = options.body_bytes_max;
    std::map<std::string, Pool> before = std::exchange(pools_, {});
    for (const ScrapeConfigPtr& job : options.jobs) {
      Pool& pool = pools_[job->job_name];
      if (auto node = before.extract(job->job_name); !node.empty()) {
        pool = std::move(node.mapped());
      }
      if (pool.config != nullptr) {
        pool.found = StillFound(pool.config->discoveries, pool.found, job->discoveries);
      }
      pool.found.resize(job->discoveries.size());
      pool.config = job;
      Sync(pool);
    }
    for (auto& [job, pool] : before) {
      for (auto& [key, slot] : pool.slots) Leave(std::move(slot));
    }
    wake_.NotifyAll();
  }
  discovery_.Configure(options.jobs);
}

void PrometheusScraper::OnGroups(const std::string& job, const DiscoveryConfig& config,
                                 std::vector<TargetGroup> groups) {
  MutexLock lock(mutex_);
  const auto found = pools_.find(job);
  if (found == pools_.end()) return;
  Pool& pool = found->second;
  for (size_t i = 0; i < pool.found.size(); ++i) {
    if (pool.config->discoveries[i] == config) pool.found[i] = groups;
  }
  Sync(pool);
  wake_.NotifyAll();
}

// Makes the slots of the pool those of its groups.
void PrometheusScraper::Sync(Pool& pool) {
  Slots before = std::exchange(pool.slots, {});
  pool.dropped.clear();
  pool.dropped_count = 0;
  AddGroups(pool, pool.config->static_groups, before);
  for (const std::vector<TargetGroup>& groups : pool.found) AddGroups(pool, groups, before);
  const uint64_t limit = pool.config->limits.targets;
  Status refused;
  if (limit > 0 && pool.slots.size() > limit) {
    refused = Status::TooLarge("target_limit exceeded (number of targets: ", pool.slots.size(),
                               ", limit: ", limit, ")");
  }
  for (auto& [key, slot] : pool.slots) slot->refused = refused;
  for (auto& [key, slot] : before) Leave(std::move(slot));
}

void PrometheusScraper::AddGroups(Pool& pool, const std::vector<TargetGroup>& groups,
                                  Slots& before) {
  for (const TargetGroup& group : groups) {
    for (const std::string& address : group.targets) {
      AddAddress(pool, address, group.labels, before);
    }
  }
}

void PrometheusScraper::AddAddress(Pool& pool, const std::string& address,
                                   const LabelBuilder::Map& labels, Slots& before) {
  const ScrapeConfig& config = *pool.config;
  const uint64_t keep = config.limits.dropped_targets_kept;
  const size_t shown_max = keep > 0 ? std::min<size_t>(keep, kDroppedShownMax) : kDroppedShownMax;
  LabelBuilder::Map discovered = DiscoveredLabels(config, address, labels);
  Result<std::optional<Target>> target = MakeTarget(config, discovered);
  if (!target.ok()) {
    LUMA_LOG(kWarn, "scrape", "target left out: job={} address={} reason={}", config.job_name,
             address, target.status().message());
  } else if (*target) {
    AddTarget(pool, **std::move(target), before);
  } else if (++pool.dropped_count <= shown_max) {
    pool.dropped.push_back(std::move(discovered));
  }
}

// Takes the slot that the target had `before`, or had until lately, or makes one.
void PrometheusScraper::AddTarget(Pool& pool, Target target, Slots& before) {
  std::unique_ptr<Slot>& slot = pool.slots[target.key];
  if (slot != nullptr) return;  // found twice
  auto wanted = std::make_shared<const Target>(std::move(target));
  if (auto node = before.extract(wanted->key); !node.empty()) {
    slot = std::move(node.mapped());
  } else if (auto gone = leaving_.extract(LeavingKey(pool.config->job_name, *wanted));
             !gone.empty()) {
    slot = std::move(gone.mapped());
  } else {
    slot = std::make_unique<Slot>(wanted, pool.config, sink_, budget_);
    slot->target = nullptr;
  }
  const bool keeps_turns =
      slot->target != nullptr && !slot->leaving && slot->target->interval == wanted->interval;
  slot->target = wanted;
  slot->config = pool.config;
  slot->leaving = false;
  if (!keeps_turns) SetDue(*slot, NextTurn(wanted->key, wanted->interval, clock_.Monotonic()));
}

// Its markers wait until the target, if it only moved to another job or got other labels, has been
// scraped there.
void PrometheusScraper::Leave(std::unique_ptr<Slot> slot) {
  if (slot == nullptr) return;
  const Nanos interval = slot->target->interval;
  slot->leaving = true;
  slot->missed_time =
      clock_.NowMillis() +
      std::chrono::duration_cast<std::chrono::milliseconds>(slot->due - clock_.Monotonic()).count();
  SetDue(*slot, slot->due + interval + interval / 10);
  leaving_.insert_or_assign(LeavingKey(slot->config->job_name, *slot->target), std::move(slot));
}

void PrometheusScraper::EndLeaving(Slot& slot, Nanos now) {
  const bool has_nothing = slot.last.time == 0 || IsScrapedElsewhere(slot);
  if (!slot.busy && has_nothing) {
    due_.erase({slot.due, &slot});
    leaving_.erase(LeavingKey(slot.config->job_name, *slot.target));
    return;
  }
  const bool ends =
      !slot.busy && workers_.TrySubmit([this, &slot, time = slot.missed_time] { End(slot, time); });
  if (!ends) return SetDue(slot, now + kEndRetryDelay);
  slot.busy = true;
  ++busy_count_;
  due_.erase({slot.due, &slot});
}

bool PrometheusScraper::IsScrapedElsewhere(const Slot& slot) const {
  return std::ranges::any_of(pools_, [&slot](const auto& pool) {
    return std::ranges::any_of(pool.second.slots, [&slot](const auto& other) {
      return other.second->target->labels == slot.target->labels;
    });
  });
}

void PrometheusScraper::End(Slot& slot, UnixMillis time) {
  if (slot.end_failed) slot.series.RecheckIds();
  SeriesBatch batch;
  slot.series.End(time, batch);
  sink_.Write(
      batch, [this, &slot](const Result<WriteSummary>& stored) { OnEnded(slot, stored.status()); });
}

void PrometheusScraper::OnEnded(Slot& slot, const Status& status) {
  if (status.ok()) {
    slot.series.NoteStored();
    slot.end_failed = false;
    return Remove(slot);
  }
  ++counters_.writes_failed;
  if (!std::exchange(slot.end_failed, true)) {
    LUMA_LOG(kWarn, "scrape", "series not ended yet: target={} reason={}", slot.Name(),
             status.message());
  }
  MutexLock lock(mutex_);
  const bool waits = slot.leaving && !due_.contains({slot.due, &slot});
  if (waits) SetDue(slot, clock_.Monotonic() + kEndAgainDelay);
  SetIdle(slot);
  wake_.NotifyAll();
}

void PrometheusScraper::Remove(Slot& slot) {
  MutexLock lock(mutex_);
  SetIdle(slot);
  if (!slot.leaving) return;      // it came back meanwhile
  due_.erase({slot.due, &slot});  // it came back, and left again
  leaving_.erase(LeavingKey(slot.config->job_name, *slot.target));
}

}  // namespace luma::prom
