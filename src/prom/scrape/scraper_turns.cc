// One turn of a target, from the request to the stored batch.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "prom/scrape/failure_log.h"
#include "prom/scrape/http_request.h"
#include "prom/scrape/scraper_slot.h"

namespace luma::prom {
namespace {

// Timestamps keep the interval when a scrape starts this late at most: regular times take next to
// no space. Prometheus' ScrapeTimestampTolerance.
constexpr UnixMillis kAlignMillis = 2;
// How large the batch of a thread may stay.
constexpr size_t kBatchBytesKept = 4 << 20;

}  // namespace

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
  // Of the thread, since it is needed until Write returns: by then the scraper may be gone.
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
  // Ids that storage gave stop being known when their series had no samples left, or none for
  // hours: then the page is read again, with labels.
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
    const std::string& body = turn.attempt.response->body;
    metadata = metadata_.Of(result.metadata_lines ? *result.metadata_lines : body);
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

}  // namespace luma::prom
