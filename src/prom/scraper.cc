#include "prom/scraper.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/log.h"

namespace luma::prom {
namespace {

Status CheckTarget(const ScrapeTargetOptions& target) {
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
  if (options.global_interval.count() <= 0 || options.timeout.count() <= 0) {
    return Status::InvalidArgument("scrape interval and timeout must be more than 0");
  }
  options.timeout = std::min(options.timeout, options.global_interval);
  for (const ScrapeTargetOptions& target : options.targets) {
    LUMA_RETURN_IF_ERROR(CheckTarget(target));
  }
  return std::unique_ptr<PrometheusScraper>(
      new PrometheusScraper(loop, workers, sink, clock, std::move(options)));
}

PrometheusScraper::PrometheusScraper(net::EventLoop& loop, net::WorkerPool& workers,
                                     MetricsSink& sink, const Clock& clock, ScraperOptions options)
    : loop_(loop), workers_(workers), sink_(sink), clock_(clock), options_(std::move(options)) {
  const std::chrono::nanoseconds interval = options_.global_interval;
  for (const ScrapeTargetOptions& target : options_.targets) {
    Slot& slot = *slots_.emplace_back(std::make_unique<Slot>(target));
    const uint64_t hash = Hash64(AsBytes(slot.target.Name()));
    const auto phase = static_cast<int64_t>(hash % static_cast<uint64_t>(interval.count()));
    slot.due = clock_.Monotonic() + std::chrono::nanoseconds(phase);
  }
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

void PrometheusScraper::RunSchedule() {
  MutexLock lock(mutex_);
  while (!stopping_) wake_.WaitFor(mutex_, StartDue());
}

std::chrono::nanoseconds PrometheusScraper::StartDue() {
  const std::chrono::nanoseconds now = clock_.Monotonic();
  std::chrono::nanoseconds next = options_.global_interval;
  for (const std::unique_ptr<Slot>& slot : slots_) {
    if (slot->due <= now) {
      // The next turn keeps the phase, also after missed ones.
      const std::chrono::nanoseconds interval = options_.global_interval;
      slot->due += ((now - slot->due) / interval + 1) * interval;
      if (!slot->busy) {
        slot->busy = true;
        ++busy_count_;
        Fetch(*slot);
      }
    }
    next = std::min(next, slot->due - now);
  }
  return next;
}

void PrometheusScraper::Fetch(Slot& slot) {
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
  net::HttpGet(loop_, slot.target.Request(options_.timeout, options_.body_bytes_max), done);
}

void PrometheusScraper::Store(const std::shared_ptr<Turn>& turn) {
  Slot& slot = turn->slot;
  SeriesBatch batch;
  const Status status = slot.target.Process(turn->attempt, batch);
  if (!status.ok()) ++counters_.scrapes_failed;
  LogChange(slot, status);
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

}  // namespace luma::prom
