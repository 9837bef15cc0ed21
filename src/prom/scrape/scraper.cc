#include "prom/scrape/scraper.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/log.h"
#include "prom/scrape/failure_log.h"
#include "prom/scrape/http_request.h"

namespace luma::prom {
namespace {

using Nanos = std::chrono::nanoseconds;

// How soon the end of a target is tried again while it is busy.
constexpr Nanos kEndRetryDelay = std::chrono::milliseconds(100);
// The same when storage did not take its markers.
constexpr Nanos kEndAgainDelay = std::chrono::seconds(1);
// The schedule sleeps this long when there is nothing to scrape.
constexpr Nanos kIdle = std::chrono::hours(1);
// Timestamps keep the interval when a scrape starts this late at most: regular
// times take next to no space. Prometheus' ScrapeTimestampTolerance.
constexpr UnixMillis kAlignMillis = 2;
// How large the batch of a thread may stay.
constexpr size_t kBatchBytesKept = 4 << 20;
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

}  // namespace

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

namespace {

// What was found by a discovery that the job still has stays until there is
// news.
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

// ---- the schedule

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

// ---- one turn

UnixMillis PrometheusScraper::AlignedTime(Slot& slot) {
  const UnixMillis now = clock_.NowMillis();
  const UnixMillis interval = slot.target->interval.count();
  const UnixMillis since = now - slot.aligned_time;
  const UnixMillis tolerance = std::min(kAlignMillis, interval / 100);
  const UnixMillis off = since % interval;
  const bool keeps_phase = slot.aligned_time != 0 && since >= 0 && off <= tolerance;
  slot.aligned_time = keeps_phase ? now - off : now;
  return slot.aligned_time;
}

void PrometheusScraper::StartTurn(Slot& slot) {
  slot.busy = true;
  ++busy_count_;
  ++counters_.scrapes;
  slot.series.Use(slot.target, slot.config);
  const auto turn = std::make_shared<Turn>(
      Turn{.slot = slot,
           .request = slot.series.Request(body_bytes_max_),
           .reads_secrets = HasSecretFiles(slot.config->http),
           .begin = clock_.Monotonic(),
           .attempt = {AlignedTime(slot), Nanos(0), Status::Cancelled("not fetched")}});
  if (slot.refused.ok() && !turn->reads_secrets) return Fetch(turn);
  // Neither files nor pages are read on the thread of the schedule.
  const bool started = workers_.TrySubmit([this, turn, refused = slot.refused] {
    if (refused.ok()) return Fetch(turn);
    OnFetched(turn, refused);
  });
  if (started) return;
  ++counters_.writes_failed;
  SetIdle(slot);
}

void PrometheusScraper::Fetch(const std::shared_ptr<Turn>& turn) {
  if (turn->reads_secrets) {
    const Status status = AddSecretsFromFiles(turn->slot.series.config().http, turn->request);
    if (!status.ok()) return OnFetched(turn, status);
  }
  fetcher_.Fetch(std::move(turn->request), [this, turn](Result<net::FetchResponse> response) {
    OnFetched(turn, std::move(response));
  });
}

void PrometheusScraper::OnFetched(const std::shared_ptr<Turn>& turn,
                                  Result<net::FetchResponse> response) {
  turn->attempt.duration = clock_.Monotonic() - turn->begin;
  turn->attempt.response = std::move(response);
  const bool given_up = turn->attempt.response.status().code() == StatusCode::kCancelled;
  if (!given_up && workers_.TrySubmit([this, turn] { Store(turn); })) return;
  ++counters_.writes_failed;
  Finish(*turn);
}

void PrometheusScraper::Store(const std::shared_ptr<Turn>& turn) {
  // Of the thread, since it is needed until Write returns: by then the scraper
  // may be gone.
  static thread_local SeriesBatch batch;
  batch.Clear();
  ScrapeResult result = turn->slot.series.Process(turn->attempt, batch);
  if (!turn->is_second_try) {
    Count(result);
    LogChange(turn->slot, result.status);
    LogToFile(turn->slot, turn->attempt.time, result.status);
    Report(*turn, result);
  }
  turn->memory = std::move(result.memory);
  sink_.Write(batch, [this, turn](const Result<WriteSummary>& stored) { OnStored(turn, stored); });
  if (batch.allocated_bytes() > kBatchBytesKept) batch = SeriesBatch();
}

void PrometheusScraper::OnStored(const std::shared_ptr<Turn>& turn,
                                 const Result<WriteSummary>& stored) {
  // Ids that storage gave stop being known when their series had no samples
  // left, or none for hours: then the page is read again, with labels.
  const bool may_lack_series = stored.status().code() == StatusCode::kUnavailable;
  if (may_lack_series && !std::exchange(turn->is_second_try, true)) {
    const auto again = [this, turn] {
      turn->slot.series.RecheckIds();
      Store(turn);
    };
    if (workers_.TrySubmit(again)) return;
  }
  if (stored.ok()) {
    turn->slot.series.NoteStored();
    CountStored(turn->slot, *stored);
  } else {
    ++counters_.writes_failed;
    LUMA_LOG(kWarn, "scrape", "samples lost: target={} reason={}", turn->slot.Name(),
             stored.status().message());
  }
  Finish(*turn);
}

void PrometheusScraper::Count(const ScrapeResult& result) {
  if (!result.status.ok()) ++counters_.scrapes_failed;
  counters_.samples_duplicate += result.counts.duplicates;
  counters_.samples_out_of_order += result.counts.out_of_order;
  counters_.exemplars_refused += result.counts.exemplars_refused;
}

void PrometheusScraper::CountStored(Slot& slot, const WriteSummary& stored) {
  counters_.samples_stored += stored.samples_stored;
  counters_.samples_refused += stored.samples_refused;
  counters_.exemplars_stored += stored.exemplars_stored;
  counters_.exemplars_refused += stored.exemplars_refused;
  const bool refuses = stored.samples_refused > 0;
  if (refuses && !slot.refusing) {
    LUMA_LOG(kWarn, "scrape", "samples refused: target={} count={} reason={}", slot.Name(),
             stored.samples_refused,
             stored.first_over_limit.empty() ? stored.first_refusal : stored.first_over_limit);
  }
  slot.refusing = refuses;
}

void PrometheusScraper::Report(Turn& turn, const ScrapeResult& result) {
  std::shared_ptr<const MetadataList> metadata;
  if (result.status.ok()) {
    const bool is_text = result.metadata_lines.empty();
    metadata = metadata_.Of(is_text ? turn.attempt.response->body : result.metadata_lines);
  }
  MutexLock lock(mutex_);
  ScrapeReport& last = turn.slot.last;
  last.time = turn.attempt.time;
  last.duration = clock_.Monotonic() - turn.begin;
  last.error = result.status.ok() ? "" : result.status.message();
  if (metadata != nullptr) last.metadata = std::move(metadata);
}

void PrometheusScraper::LogChange(Slot& slot, const Status& status) {
  if (slot.failing == !status.ok()) return;
  slot.failing = !status.ok();
  if (slot.failing) {
    LUMA_LOG(kWarn, "scrape", "target is down: target={} reason={}", slot.Name(), status.message());
  } else {
    LUMA_LOG(kInfo, "scrape", "target is up again: target={}", slot.Name());
  }
}

void PrometheusScraper::LogToFile(Slot& slot, UnixMillis time, const Status& status) {
  const ScrapeConfig& config = slot.series.config();
  if (status.ok() || config.failure_log_file.empty()) return;
  const Status written = AppendScrapeFailure(
      config.failure_log_file, {time, config.job_name, slot.series.target().url, status.message()});
  const bool was_lost = std::exchange(slot.log_is_lost, !written.ok());
  if (slot.log_is_lost && !was_lost) LUMA_LOG(kWarn, "scrape", "{}", written.message());
}

// What is booked goes back before Stop may return, after which there may be no budget.
void PrometheusScraper::Finish(Turn& turn) {
  turn.attempt.response = Status::Cancelled("done with");
  turn.memory.Release();
  MutexLock lock(mutex_);
  SetIdle(turn.slot);
}

void PrometheusScraper::SetIdle(Slot& slot) {
  slot.busy = false;
  --busy_count_;
  if (stopping_) idle_.NotifyAll();  // while locked: after it, Stop may return
}

// ---- targets come and go

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

// Takes the slot that the target had `before`, or had until lately, or makes
// one.
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

// Its markers wait until the target, if it only moved to another job or got
// other labels, has been scraped there.
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

// ---- for the HTTP API

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
