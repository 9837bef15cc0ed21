#include "prom/scraper.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/log.h"

namespace luma::prom {
namespace {

// How soon the end of a target is tried again when the workers are too busy.
constexpr std::chrono::nanoseconds kEndRetryDelay = std::chrono::milliseconds(100);
// The schedule sleeps this long when there is nothing to scrape.
constexpr std::chrono::nanoseconds kIdle = std::chrono::hours(1);

Status CheckTarget(const ScheduledTarget& scheduled) {
  const ScrapeTargetOptions& target = scheduled.target;
  if (scheduled.interval.count() <= 0 || scheduled.timeout.count() <= 0) {
    return Status::InvalidArgument("scrape interval and timeout must be more than 0: job=",
                                   target.job);
  }
  const std::string& instance = target.instance.empty() ? target.host : target.instance;
  std::vector<LabelRef> labels = {
      {"job", target.job}, {"instance", instance}, {kMetricNameLabel, "up"}};
  for (const auto& [name, value] : target.labels) labels.push_back({name, value});
  if (target.job.empty()) return Status::InvalidArgument("scrape target has no job");
  const bool bad_path =
      !target.path.starts_with('/') || target.path.find_first_of(" \r\n") != std::string::npos;
  if (bad_path) {
    return Status::InvalidArgument("bad path of scrape target: job=", target.job,
                                   " path=", target.path);
  }
  const Result<Labels> valid = Labels::Of(std::move(labels));
  if (!valid.ok()) return valid.status().WithContext("scrape target " + target.job);
  return Status::Ok();
}

// The next time at which the target's phase comes round.
std::chrono::nanoseconds NextTurn(const std::string& target, std::chrono::nanoseconds interval,
                                  std::chrono::nanoseconds now) {
  const uint64_t hash = Hash64(AsBytes(target));
  const std::chrono::nanoseconds phase(hash % static_cast<uint64_t>(interval.count()));
  return now + (interval + phase - now % interval) % interval;
}

}  // namespace

// One fetch of one target, from request to stored batch.
struct PrometheusScraper::Turn {
  Slot& slot;
  ScrapeAttempt attempt;
};

Result<std::unique_ptr<PrometheusScraper>> PrometheusScraper::Start(net::EventLoop& loop,
                                                                    net::WorkerPool& workers,
                                                                    MetricsSink& sink,
                                                                    const Clock& clock,
                                                                    ScraperOptions options) {
  std::unique_ptr<PrometheusScraper> scraper(new PrometheusScraper(loop, workers, sink, clock));
  LUMA_RETURN_IF_ERROR(scraper->Reconfigure(std::move(options)));
  return scraper;
}

PrometheusScraper::PrometheusScraper(net::EventLoop& loop, net::WorkerPool& workers,
                                     MetricsSink& sink, const Clock& clock)
    : loop_(loop), workers_(workers), sink_(sink), clock_(clock) {
  schedule_ = std::thread([this] { RunSchedule(); });
}

PrometheusScraper::~PrometheusScraper() { Stop(); }

void PrometheusScraper::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyAll();
    while (busy_count_ > 0) wake_.Wait(mutex_);
  }
  if (schedule_.joinable()) schedule_.join();
}

Status PrometheusScraper::Reconfigure(ScraperOptions options) {
  for (const ScheduledTarget& wanted : options.targets) LUMA_RETURN_IF_ERROR(CheckTarget(wanted));
  MutexLock lock(mutex_);
  body_bytes_max_ = options.body_bytes_max;
  std::vector<std::unique_ptr<Slot>> before = std::exchange(slots_, {});
  for (const ScheduledTarget& wanted : options.targets) TakeOrMake(wanted, before);
  for (std::unique_ptr<Slot>& slot : before) {
    if (slot == nullptr) continue;
    slot->leaving = true;
    slots_.push_back(std::move(slot));
  }
  wake_.NotifyAll();
  return Status::Ok();
}

// Moves the slot that the wanted target had `before`, or a new one, to slots_.
void PrometheusScraper::TakeOrMake(const ScheduledTarget& wanted,
                                   std::vector<std::unique_ptr<Slot>>& before) {
  auto made = std::make_unique<Slot>(wanted);
  const auto same = std::ranges::find_if(before, [&](const std::unique_ptr<Slot>& slot) {
    return slot != nullptr && !slot->leaving && slot->target.options() == made->target.options();
  });
  const bool stays = same != before.end();
  Slot& slot = *slots_.emplace_back(stays ? std::move(*same) : std::move(made));
  const bool keeps_turns = stays && slot.interval == wanted.interval;
  slot.interval = wanted.interval;
  slot.timeout = std::min(wanted.timeout, wanted.interval);
  if (!keeps_turns) slot.due = NextTurn(slot.target.Name(), slot.interval, clock_.Monotonic());
}

void PrometheusScraper::RunSchedule() {
  MutexLock lock(mutex_);
  while (!stopping_) wake_.WaitFor(mutex_, StartDue());
}

std::chrono::nanoseconds PrometheusScraper::StartDue() {
  const std::chrono::nanoseconds now = clock_.Monotonic();
  std::chrono::nanoseconds next = kIdle;
  for (const std::unique_ptr<Slot>& slot : slots_) {
    if (slot->leaving) {
      if (!slot->busy && !StartEnding(*slot)) next = std::min(next, kEndRetryDelay);
      continue;
    }
    if (slot->due <= now) {
      // The next turn keeps the phase, also after missed ones.
      const std::chrono::nanoseconds interval = slot->interval;
      slot->due += ((now - slot->due) / interval + 1) * interval;
      if (!slot->busy) Fetch(*slot);
    }
    next = std::min(next, slot->due - now);
  }
  return next;
}

void PrometheusScraper::Fetch(Slot& slot) {
  slot.busy = true;
  ++busy_count_;
  ++counters_.scrapes;
  const UnixMillis time = clock_.NowMillis();
  const std::chrono::nanoseconds begin = clock_.Monotonic();
  const auto done = [this, &slot, time, begin](Result<net::HttpResponse> response) {
    const auto turn =
        std::make_shared<Turn>(Turn{slot, {time, clock_.Monotonic() - begin, std::move(response)}});
    if (workers_.TrySubmit([this, turn] { Store(turn); })) return;
    ++counters_.writes_failed;
    Finish(slot);
  };
  net::HttpGet(loop_, slot.target.Request(slot.timeout, body_bytes_max_), done);
}

bool PrometheusScraper::StartEnding(Slot& slot) {
  if (!workers_.TrySubmit([this, &slot] { End(slot); })) return false;
  slot.busy = true;
  ++busy_count_;
  return true;
}

void PrometheusScraper::End(Slot& slot) {
  SeriesBatch batch;
  slot.target.End(clock_.NowMillis(), batch);
  sink_.Write(batch, [this, &slot](const Result<WriteSummary>& stored) {
    if (!stored.ok()) {
      ++counters_.writes_failed;
      LUMA_LOG(kWarn, "scrape", "series not ended: target={} reason={}", slot.target.Name(),
               stored.status().message());
    }
    Remove(slot);
  });
}

void PrometheusScraper::Store(const std::shared_ptr<Turn>& turn) {
  Slot& slot = turn->slot;
  SeriesBatch batch;
  const Status status = slot.target.Process(turn->attempt, batch);
  if (!status.ok()) ++counters_.scrapes_failed;
  LogChange(slot, status);
  Report(slot, turn->attempt, status);
  sink_.Write(batch, [this, &slot](const Result<WriteSummary>& stored) {
    if (stored.ok()) {
      counters_.samples_stored += stored->samples_stored;
    } else {
      ++counters_.writes_failed;
      LUMA_LOG(kWarn, "scrape", "samples lost: target={} reason={}", slot.target.Name(),
               stored.status().message());
    }
    Finish(slot);
  });
}

void PrometheusScraper::Report(Slot& slot, const ScrapeAttempt& attempt, const Status& status) {
  std::shared_ptr<const MetadataList> metadata;
  if (status.ok()) metadata = metadata_.Of(attempt.response->body);
  MutexLock lock(mutex_);
  slot.last.time = attempt.time;
  slot.last.duration = attempt.duration;
  slot.last.error = status.ok() ? "" : status.message();
  if (metadata != nullptr) slot.last.metadata = std::move(metadata);
}

std::vector<TargetState> PrometheusScraper::Targets() const {
  MutexLock lock(mutex_);
  std::vector<TargetState> targets;
  for (const std::unique_ptr<Slot>& slot : slots_) {
    if (slot->leaving) continue;
    targets.push_back({.scheduled = {.target = slot->target.options(),
                                     .interval = slot->interval,
                                     .timeout = slot->timeout},
                       .last = slot->last});
  }
  return targets;
}

void PrometheusScraper::LogChange(Slot& slot, const Status& status) {
  if (slot.failing == !status.ok()) return;
  slot.failing = !status.ok();
  if (slot.failing) {
    LUMA_LOG(kWarn, "scrape", "target is down: target={} reason={}", slot.target.Name(),
             status.message());
  } else {
    LUMA_LOG(kInfo, "scrape", "target is up again: target={}", slot.target.Name());
  }
}

void PrometheusScraper::Finish(Slot& slot) {
  MutexLock lock(mutex_);
  slot.busy = false;
  --busy_count_;
  wake_.NotifyAll();  // while locked: after it, Stop may return and the scraper be gone
}

void PrometheusScraper::Remove(Slot& slot) {
  MutexLock lock(mutex_);
  std::erase_if(slots_, [&slot](const std::unique_ptr<Slot>& one) { return one.get() == &slot; });
  --busy_count_;
  wake_.NotifyAll();  // while locked, as in Finish
}

}  // namespace luma::prom
