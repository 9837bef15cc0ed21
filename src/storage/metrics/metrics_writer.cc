#include "storage/metrics/metrics_writer.h"

#include <fmt/format.h>

#include <memory>
#include <thread>
#include <utility>

#include "storage/metrics/sample_rows.h"

namespace luma::storage {
namespace {

// A flush cannot take deletes of rows it sorts while it writes the manifest: a few fsyncs.
constexpr std::chrono::milliseconds kConflictPause{10};

// Measuring takes milliseconds per million series.
constexpr uint64_t kMeasuredSeriesMin = 10'000;

std::string LabelsText(const SeriesBatch::Series& series, const SeriesRegistry& registry) {
  if (series.id == kUnknownSeries) return series.labels.ToString();
  std::string canonical;
  registry.AppendLabels(series.id, canonical);
  return LabelsView(canonical).ToString();
}

WriteSummary Judge(const SeriesBatch& batch, UnixMillis not_after, const SeriesRegistry& registry) {
  WriteSummary summary;
  for (size_t i = 0; i < batch.size(); ++i) {
    const SeriesBatch::Series series = batch.series(i);
    for (const Sample& sample : series.samples) {
      if (sample.timestamp <= not_after) {
        ++summary.samples_stored;
      } else if (++summary.samples_refused == 1) {
        summary.first_refusal =
            fmt::format("sample is too far in the future: series={} timestamp={}",
                        LabelsText(series, registry), sample.timestamp);
      }
    }
  }
  return summary;
}

void StartSeries(const SeriesBatch::Series& series, SeriesBatch& to) {
  if (series.id == kUnknownSeries) {
    to.StartSeries(series.labels);
  } else {
    to.StartSeries(series.id);
  }
}

// Adds the samples of `batch` that are not after `not_after`, and no series without samples.
void AppendAccepted(const SeriesBatch& batch, UnixMillis not_after, SeriesBatch& to) {
  for (size_t i = 0; i < batch.size(); ++i) {
    const SeriesBatch::Series series = batch.series(i);
    bool started = false;
    for (const Sample& sample : series.samples) {
      if (sample.timestamp > not_after) continue;
      if (!started) StartSeries(series, to);
      started = true;
      to.AddSample(sample);
    }
  }
}

RowBuffer MakeRows(const SeriesBatch& batch, std::span<const SeriesId> ids) {
  SampleRows rows(static_cast<uint32_t>(batch.sample_count()));
  for (size_t i = 0; i < batch.size(); ++i) {
    for (const Sample& sample : batch.series(i).samples) {
      rows.Add(ids[i], sample.timestamp, sample.value);
    }
  }
  return std::move(rows).Finish();
}

Result<WriteSummary> Answer(const Status& status, const WriteSummary& summary) {
  if (!status.ok()) return status;
  return summary;
}

}  // namespace

MetricsWriter::MetricsWriter(MultiTierStorage& engine, SeriesRegistry& registry,
                             MetricsOptions options, uint64_t next_series, UnixMillis floor)
    : engine_(engine),
      registry_(registry),
      options_(options),
      floor_(floor),
      next_series_(next_series),
      series_memory_(
          engine.budget().BookAlways(BudgetUse::kSeries, registry.series_count() * kSeriesBytes)),
      queue_([this](WriteGroup group) { StoreGroup(std::move(group)); }) {
  MeasureSeries();
}

MetricsWriter::~MetricsWriter() { gate_.EnterExclusive(); }

void MetricsWriter::Write(const SeriesBatch& batch, WriteCallback done) {
  writes_.fetch_add(1, std::memory_order_relaxed);
  const UnixMillis not_after = engine_.clock().NowMillis() + options_.future_max.count();
  WriteSummary summary = Judge(batch, not_after, registry_);
  if (summary.samples_stored == 0) {
    Count(summary);
    done(std::move(summary));
  } else if (summary.samples_refused > 0 || !TryWriteNewer(batch, summary, done)) {
    Enqueue(batch, not_after, std::move(summary), std::move(done));
  }
}

bool MetricsWriter::TryWriteNewer(const SeriesBatch& batch, const WriteSummary& summary,
                                  const WriteCallback& done) {
  std::vector<SeriesId> ids;
  if (registry_.Resolve(batch, ids) > 0 || !gate_.TryEnterShared()) return false;
  if (!registry_.Advance(batch, ids)) {
    gate_.LeaveShared();
    return false;
  }
  auto finish = [this, summary, done](const Status& status) {
    if (status.ok()) Count(summary);
    gate_.LeaveShared();  // `this` may be gone from here on
    done(Answer(status, summary));
  };
  const std::unique_ptr<Transaction> transaction = engine_.Begin();
  const Status appended = transaction->Append(kSamplesTableId, MakeRows(batch, ids));
  if (appended.ok()) {
    transaction->CommitAsync(std::move(finish));
  } else {
    finish(appended);
  }
  return true;
}

void MetricsWriter::Enqueue(const SeriesBatch& batch, UnixMillis not_after, WriteSummary summary,
                            WriteCallback done) {
  queued_writes_.fetch_add(1, std::memory_order_relaxed);
  auto memory = engine_.budget().Book(BudgetUse::kIngest, batch.allocated_bytes());
  if (!memory.ok()) return done(memory.status());
  QueuedWrite write{.batch = {},
                    .summary = std::move(summary),
                    .done = std::move(done),
                    .memory = std::move(memory).value()};
  AppendAccepted(batch, not_after, write.batch);
  queue_.Push(std::move(write));
}

void MetricsWriter::StoreGroup(WriteGroup group) {
  gate_.EnterExclusive();
  std::vector<Status> results(group.size());
  if (group.size() > 1) {
    SeriesBatch all;
    for (const QueuedWrite& write : group) AppendAccepted(write.batch, INT64_MAX, all);
    results[0] = StoreAlone(all);
  }
  // One sender's series over the limit must not fail what the others sent.
  if (group.size() == 1 || !results[0].ok()) {
    for (size_t i = 0; i < group.size(); ++i) results[i] = StoreAlone(group[i].batch);
  }
  gate_.LeaveExclusive();
  for (size_t i = 0; i < group.size(); ++i) {
    if (results[i].ok()) Count(group[i].summary);
    group[i].done(Answer(results[i], group[i].summary));
  }
}

Status MetricsWriter::StoreAlone(const SeriesBatch& batch) {
  CarefulWrite write(batch, registry_, floor_);
  write.Prepare(next_series_);
  LUMA_RETURN_IF_ERROR(BookSeries(write.new_series_count()));
  LUMA_RETURN_IF_ERROR(CommitPatiently(write));
  next_series_ += write.new_series_count();
  samples_duplicate_.fetch_add(write.duplicate_count(), std::memory_order_relaxed);
  samples_replaced_.fetch_add(write.replaced_count(), std::memory_order_relaxed);
  LUMA_RETURN_IF_ERROR(write.Publish());
  MeasureSeries();
  return Status::Ok();
}

// Never kConflict: senders drop what is refused with it, and this is to be tried again.
Status MetricsWriter::CommitPatiently(CarefulWrite& write) {
  const auto end = std::chrono::steady_clock::now() + options_.conflict_wait_max;
  while (true) {
    const Status committed = write.Commit(engine_);
    if (committed.code() != StatusCode::kConflict) return committed;
    if (std::chrono::steady_clock::now() >= end) {
      return Status::Unavailable("samples cannot be replaced now: ", committed.message());
    }
    std::this_thread::sleep_for(kConflictPause);
  }
}

// Memory that a failed commit did not use serves the next one.
Status MetricsWriter::BookSeries(uint64_t new_series) {
  if (new_series == 0) return Status::Ok();
  const uint64_t count = registry_.series_count() + new_series;
  if (count > options_.series_max || next_series_ + new_series > SeriesRegistry::kSeriesMax) {
    return Status::TooManyRequests("too many series: limit=", options_.series_max);
  }
  const uint64_t bytes = count * series_bytes_;
  if (bytes <= series_memory_.bytes()) return Status::Ok();
  return series_memory_.Grow(bytes - series_memory_.bytes());
}

void MetricsWriter::MeasureSeries() {
  const uint64_t count = registry_.series_count();
  if (count < kMeasuredSeriesMin || count < series_measured_ + series_measured_ / 8) return;
  series_measured_ = count;
  series_bytes_ = registry_.allocated_bytes() * 8 / 7 / count + 1;  // the allocator rounds up
  series_memory_.Release();
  series_memory_ = engine_.budget().BookAlways(BudgetUse::kSeries, count * series_bytes_);
}

void MetricsWriter::Count(const WriteSummary& summary) {
  samples_stored_.fetch_add(summary.samples_stored, std::memory_order_relaxed);
  samples_refused_.fetch_add(summary.samples_refused, std::memory_order_relaxed);
}

MetricsWriterStats MetricsWriter::stats() const {
  return {.writes = writes_.load(std::memory_order_relaxed),
          .queued_writes = queued_writes_.load(std::memory_order_relaxed),
          .samples_stored = samples_stored_.load(std::memory_order_relaxed),
          .samples_refused = samples_refused_.load(std::memory_order_relaxed),
          .samples_duplicate = samples_duplicate_.load(std::memory_order_relaxed),
          .samples_replaced = samples_replaced_.load(std::memory_order_relaxed)};
}

}  // namespace luma::storage
