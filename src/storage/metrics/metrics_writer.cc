#include "storage/metrics/metrics_writer.h"

#include <fmt/format.h>

#include <memory>
#include <utility>
#include <vector>

#include "storage/metrics/careful_write.h"
#include "storage/metrics/sample_rows.h"

namespace luma::storage {
namespace {

// A conflict needs somebody else to delete one of the same few rows at the same moment; so many in
// a row mean that something else is wrong.
constexpr int kConflictRetriesMax = 10;

// Accepted and refused samples, without a look at what is stored.
WriteSummary Judge(const SeriesBatch& batch, UnixMillis not_after) {
  WriteSummary summary;
  for (size_t i = 0; i < batch.size(); ++i) {
    const SeriesBatch::Series series = batch.series(i);
    for (const Sample& sample : series.samples) {
      if (sample.timestamp <= not_after) {
        ++summary.samples_stored;
      } else if (++summary.samples_refused == 1) {
        summary.first_refusal =
            fmt::format("sample is too far in the future: series={} timestamp={}",
                        series.labels.ToString(), sample.timestamp);
      }
    }
  }
  return summary;
}

RowBuffer MakeRows(const SeriesBatch& batch, std::span<const SeriesId> ids, UnixMillis not_after,
                   uint64_t count) {
  SampleRows rows(static_cast<uint32_t>(count));
  for (size_t i = 0; i < batch.size(); ++i) {
    for (const Sample& sample : batch.series(i).samples) {
      if (sample.timestamp <= not_after) rows.Add(ids[i], sample.timestamp, sample.value);
    }
  }
  return std::move(rows).Finish();
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
          engine.budget().BookAlways(BudgetUse::kSeries, registry.series_count() * kSeriesBytes)) {}

MetricsWriter::~MetricsWriter() { gate_.EnterExclusive(); }

void MetricsWriter::Write(const SeriesBatch& batch, WriteCallback done) {
  writes_.fetch_add(1, std::memory_order_relaxed);
  const UnixMillis not_after = engine_.clock().NowMillis() + options_.future_max.count();
  std::vector<SeriesId> ids;
  if (registry_.Resolve(batch, ids) == 0) {
    gate_.EnterShared();
    if (registry_.Advance(batch, ids, not_after)) {
      CommitNewer(batch, ids, not_after, std::move(done));
      return;
    }
    gate_.LeaveShared();
  }
  gate_.EnterExclusive();
  auto result = WriteAlone(batch, not_after);
  gate_.LeaveExclusive();
  done(std::move(result));
}

// Leaves the gate once the commit is published, or has failed.
void MetricsWriter::CommitNewer(const SeriesBatch& batch, std::span<const SeriesId> ids,
                                UnixMillis not_after, WriteCallback done) {
  const WriteSummary summary = Judge(batch, not_after);
  auto finish = [this, summary, done = std::move(done)](const Status& status) {
    if (status.ok()) Count(summary);
    gate_.LeaveShared();  // `this` may be gone from here on
    done(status.ok() ? Result<WriteSummary>(summary) : Result<WriteSummary>(status));
  };
  if (summary.samples_stored == 0) return finish(Status::Ok());
  const std::unique_ptr<Transaction> transaction = engine_.Begin();
  const Status appended =
      transaction->Append(kSamplesTableId, MakeRows(batch, ids, not_after, summary.samples_stored));
  if (!appended.ok()) return finish(appended);
  transaction->CommitAsync(std::move(finish));
}

Result<WriteSummary> MetricsWriter::WriteAlone(const SeriesBatch& batch, UnixMillis not_after) {
  careful_writes_.fetch_add(1, std::memory_order_relaxed);
  CarefulWrite write(batch, registry_, not_after, floor_);
  write.Prepare(next_series_);
  LUMA_RETURN_IF_ERROR(BookSeries(write.new_series_count()));
  Status committed = write.Commit(engine_);
  for (int retry = 0; committed.code() == StatusCode::kConflict && retry < kConflictRetriesMax;
       ++retry) {
    committed = write.Commit(engine_);
  }
  LUMA_RETURN_IF_ERROR(committed);
  next_series_ += write.new_series_count();
  LUMA_RETURN_IF_ERROR(write.Publish());
  samples_duplicate_.fetch_add(write.duplicate_count(), std::memory_order_relaxed);
  samples_replaced_.fetch_add(write.replaced_count(), std::memory_order_relaxed);
  WriteSummary summary = Judge(batch, not_after);
  Count(summary);
  return summary;
}

// Memory that a failed commit did not use serves the next one.
Status MetricsWriter::BookSeries(uint64_t new_series) {
  if (new_series == 0) return Status::Ok();
  const uint64_t count = registry_.series_count() + new_series;
  if (count > options_.series_max || next_series_ + new_series > SeriesRegistry::kSeriesMax) {
    return Status::TooManyRequests("too many series: limit=", options_.series_max);
  }
  const uint64_t bytes = count * kSeriesBytes;
  if (bytes <= series_memory_.bytes()) return Status::Ok();
  return series_memory_.Grow(bytes - series_memory_.bytes());
}

void MetricsWriter::Count(const WriteSummary& summary) {
  samples_stored_.fetch_add(summary.samples_stored, std::memory_order_relaxed);
  samples_refused_.fetch_add(summary.samples_refused, std::memory_order_relaxed);
}

MetricsWriterStats MetricsWriter::stats() const {
  return {.writes = writes_.load(std::memory_order_relaxed),
          .careful_writes = careful_writes_.load(std::memory_order_relaxed),
          .samples_stored = samples_stored_.load(std::memory_order_relaxed),
          .samples_refused = samples_refused_.load(std::memory_order_relaxed),
          .samples_duplicate = samples_duplicate_.load(std::memory_order_relaxed),
          .samples_replaced = samples_replaced_.load(std::memory_order_relaxed)};
}

}  // namespace luma::storage
