#include "storage/metrics/metrics_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>

#include "storage/maintenance.h"
#include "storage/metrics/sample_rows.h"

namespace luma::storage {
namespace {

// A flush cannot take deletes of rows it sorts while it writes the manifest: a few fsyncs.
constexpr std::chrono::milliseconds kConflictPause{10};

// While samples of cold runs are read others become cold; so often in a row is not to be expected.
constexpr int kColdTriesMax = 8;

// Measuring takes milliseconds per million series.
constexpr uint64_t kMeasuredSeriesMin = 10'000;

std::string LabelsText(const SeriesBatch::Series& series, const SeriesRegistry& registry) {
  if (series.id == kUnknownSeries) return series.labels.ToString();
  std::string canonical;
  registry.AppendLabels(series.id, canonical);
  return LabelsView(canonical).ToString();
}

struct Verdict {
  WriteSummary summary;
  uint64_t late = 0;  // of the samples refused
};

// Judges the samples and exemplars of one batch by their times.
class Judge {
 public:
  Judge(const AcceptedTimes& accepted, const SeriesRegistry& registry)
      : accepted_(accepted), registry_(registry) {}

  Verdict Of(const SeriesBatch& batch) {
    for (size_t i = 0; i < batch.size(); ++i) {
      const SeriesBatch::Series series = batch.series(i);
      JudgeSamples(series);
      JudgeExemplars(series);
    }
    return std::move(verdict_);
  }

 private:
  void JudgeSamples(const SeriesBatch::Series& series) {
    WriteSummary& summary = verdict_.summary;
    uint64_t stored = 0;
    for (const Sample& sample : series.samples) {
      if (accepted_.Has(sample)) {
        ++stored;
        continue;
      }
      verdict_.late += sample.timestamp < accepted_.range.min ? 1 : 0;
      ++summary.samples_refused;
      Refuse("sample", series, sample.timestamp);
    }
    summary.samples_stored += stored;
    if (series.has_histograms()) summary.histograms_stored += stored;
  }

  void JudgeExemplars(const SeriesBatch::Series& series) {
    if (!accepted_.exemplars) return;
    for (const SeriesBatch::Exemplar& exemplar : series.exemplars) {
      if (accepted_.Has(exemplar)) {
        ++verdict_.summary.exemplars_stored;
        continue;
      }
      ++verdict_.summary.exemplars_refused;
      Refuse("exemplar", series, exemplar.timestamp);
    }
  }

  void Refuse(std::string_view what, const SeriesBatch::Series& series, UnixMillis timestamp) {
    std::string& reason = verdict_.summary.first_refusal;
    if (!reason.empty()) return;
    reason = fmt::format("{} is too {}: series={} timestamp={}", what,
                         timestamp < accepted_.range.min ? "old" : "far in the future",
                         LabelsText(series, registry_), timestamp);
  }

  const AcceptedTimes accepted_;
  const SeriesRegistry& registry_;
  Verdict verdict_;
};

void StartSeries(const SeriesBatch::Series& series, SeriesBatch& to) {
  if (series.id == kUnknownSeries) {
    to.StartSeries(series.labels);
    if (series.beyond_limits) to.LetInBeyondLimits();
  } else {
    to.StartSeries(series.id);
  }
}

// Adds what of `series` is accepted to the series that `to` has started.
void AppendAcceptedOf(const SeriesBatch::Series& series, const AcceptedTimes& accepted,
                      SeriesBatch& to) {
  auto start = series.start_times.begin();
  for (size_t i = 0; i < series.samples.size(); ++i) {
    const Sample& sample = series.samples[i];
    while (start != series.start_times.end() && start->sample < i) ++start;
    if (!accepted.Has(sample)) continue;
    if (series.has_histograms()) {
      to.AddHistogram(sample.timestamp, series.histogram(i));
      continue;
    }
    to.AddSample(sample);
    const bool has_start = start != series.start_times.end() && start->sample == i;
    if (has_start) to.SetStartTime(start->start);
  }
  for (const SeriesBatch::Exemplar& one : series.exemplars) {
    if (accepted.Has(one)) to.AddExemplar(one.timestamp, one.value, series.labels_of(one));
  }
}

// Adds what of `batch` is accepted, and no series without samples and exemplars.
void AppendAccepted(const SeriesBatch& batch, const AcceptedTimes& accepted, SeriesBatch& to) {
  const auto is_accepted = [&](const auto& one) { return accepted.Has(one); };
  for (size_t i = 0; i < batch.size(); ++i) {
    const SeriesBatch::Series series = batch.series(i);
    if (std::ranges::none_of(series.samples, is_accepted) &&
        std::ranges::none_of(series.exemplars, is_accepted)) {
      continue;
    }
    StartSeries(series, to);
    AppendAcceptedOf(series, accepted, to);
  }
}

Status AppendFloats(const SeriesBatch& batch, std::span<const SeriesId> ids,
                    Transaction& transaction) {
  const size_t count = batch.sample_count() - batch.histogram_count();
  if (count == 0) return Status::Ok();
  SampleRows rows(static_cast<uint32_t>(count));
  for (size_t i = 0; i < batch.size(); ++i) {
    const SeriesBatch::Series series = batch.series(i);
    if (series.has_histograms()) continue;
    for (const Sample& sample : series.samples) {
      rows.Add(ids[i], sample.timestamp, sample.value);
    }
  }
  return transaction.Append(kSamplesTableId, std::move(rows).Finish());
}

Status AppendHistograms(const SeriesBatch& batch, std::span<const SeriesId> ids,
                        Transaction& transaction) {
  if (batch.histogram_count() == 0) return Status::Ok();
  HistogramRows rows;
  for (size_t i = 0; i < batch.size(); ++i) {
    const SeriesBatch::Series series = batch.series(i);
    if (!series.has_histograms()) continue;
    for (size_t j = 0; j < series.samples.size(); ++j) {
      rows.Add(ids[i], series.samples[j].timestamp, series.histogram(j));
    }
  }
  return transaction.Append(kHistogramsTableId, rows.Finish());
}

Status AppendStartTimes(const SeriesBatch& batch, std::span<const SeriesId> ids,
                        Transaction& transaction) {
  if (batch.start_time_count() == 0) return Status::Ok();
  StartTimeRows rows;
  for (size_t i = 0; i < batch.size(); ++i) {
    const SeriesBatch::Series series = batch.series(i);
    for (const SeriesBatch::StartTime& start : series.start_times) {
      rows.Add(ids[i], series.samples[start.sample].timestamp, start.start);
    }
  }
  return transaction.Append(kStartTimesTableId, rows.Finish());
}

Status AppendRows(const SeriesBatch& batch, std::span<const SeriesId> ids,
                  const ExemplarRows& exemplars, Transaction& transaction) {
  LUMA_RETURN_IF_ERROR(AppendFloats(batch, ids, transaction));
  LUMA_RETURN_IF_ERROR(AppendHistograms(batch, ids, transaction));
  LUMA_RETURN_IF_ERROR(AppendStartTimes(batch, ids, transaction));
  if (exemplars.empty()) return Status::Ok();
  return transaction.Append(kExemplarsTableId, exemplars.Finish());
}

Result<WriteSummary> Answer(const Status& status, const WriteSummary& summary) {
  if (!status.ok()) return status;
  return summary;
}

}  // namespace

MetricsWriter::MetricsWriter(MultiTierStorage& engine, SeriesRegistry& registry,
                             ReturningSeries& returning, MetricsOptions options, const Start& start)
    : engine_(engine),
      registry_(registry),
      returning_(returning),
      options_(std::move(options)),
      floor_(start.floor),
      exemplars_(start.exemplar_floor),
      cardinality_(options_.limits),
      next_series_(start.next_series),
      series_memory_(
          engine.budget().BookAlways(BudgetUse::kSeries, registry.series_count() * kSeriesBytes)),
      cold_queue_([this](WriteGroup group) { StoreColdGroup(std::move(group)); }),
      queue_([this](WriteGroup group) { StoreGroup(std::move(group)); }) {
  CountSeries(registry_.SelectActive({}));
  MeasureSeries();
}

// Queues enter the gate, so they end before it is entered for good; the first feeds the second.
MetricsWriter::~MetricsWriter() {
  queue_.Stop();
  cold_queue_.Stop();
  gate_.EnterExclusive();
}

void MetricsWriter::Write(const SeriesBatch& batch, WriteCallback done) {
  writes_.fetch_add(1, std::memory_order_relaxed);
  const AcceptedTimes accepted = Accepted();
  Verdict verdict = Judge(accepted, registry_).Of(batch);
  samples_refused_late_.fetch_add(verdict.late, std::memory_order_relaxed);
  WriteSummary& summary = verdict.summary;
  const bool stores_all = summary.samples_refused + summary.exemplars_refused == 0;
  if (summary.samples_stored + summary.exemplars_stored == 0) {
    Count(summary);
    done(std::move(summary));
  } else if (!stores_all || !TryWriteNewer(batch, summary, done)) {
    Enqueue(batch, accepted, std::move(summary), std::move(done));
  }
}

AcceptedTimes MetricsWriter::Accepted() const {
  const UnixMillis now = engine_.clock().NowMillis();
  const int64_t late = options_.late_max.count();
  return {.range = {.min = late == 0 ? INT64_MIN : now - late,
                    .max = now + options_.future_max.count()},
          .exemplars = options_.exemplars};
}

bool MetricsWriter::TryWriteNewer(const SeriesBatch& batch, const WriteSummary& summary,
                                  const WriteCallback& done) {
  std::vector<SeriesId> ids;
  if (registry_.Resolve(batch, ids) > 0 || !gate_.TryEnterShared()) return false;
  NewExemplars exemplars;
  if (returning_.has_to_settle() || !Advance(batch, ids, exemplars)) {
    gate_.LeaveShared();
    return false;
  }
  auto finish = [this, summary, done, keys = std::move(exemplars.keys),
                 rows_lost = exemplars.rows_lost](const Status& status) {
    if (status.ok()) Count(summary);
    if (status.ok() && !keys.empty()) exemplars_.Add(keys, rows_lost);
    gate_.LeaveShared();  // `this` may be gone from here on
    done(Answer(status, summary));
  };
  const std::unique_ptr<Transaction> transaction = engine_.Begin();
  const Status appended = AppendRows(batch, ids, exemplars.rows, *transaction);
  if (appended.ok()) {
    transaction->CommitAsync(std::move(finish));
  } else {
    finish(appended);
  }
  return true;
}

// Exemplars are asked first, without changing anything: samples that have become the newest of
// their series look late to the careful write of a batch whose exemplars are.
bool MetricsWriter::Advance(const SeriesBatch& batch, std::span<const SeriesId> ids,
                            NewExemplars& exemplars) {
  if (!TakesExemplarsOf(batch)) return registry_.Advance(batch, ids);
  NoteLostExemplars();
  return exemplars_.AreNewer(batch, ids) && registry_.Advance(batch, ids) &&
         exemplars_.TakeNewer(batch, ids, exemplars);
}

bool MetricsWriter::TakesExemplarsOf(const SeriesBatch& batch) const {
  return options_.exemplars && batch.exemplar_count() > 0;
}

void MetricsWriter::NoteLostExemplars() {
  exemplars_.NoteRowsLost(engine_.maintenance().rows_lost(kExemplarsTableId));
}

void MetricsWriter::Enqueue(const SeriesBatch& batch, const AcceptedTimes& accepted,
                            WriteSummary summary, WriteCallback done) {
  queued_writes_.fetch_add(1, std::memory_order_relaxed);
  auto memory = engine_.budget().Book(BudgetUse::kIngest, batch.allocated_bytes());
  if (!memory.ok()) return done(memory.status());
  QueuedWrite write{.batch = {},
                    .summary = std::move(summary),
                    .done = std::move(done),
                    .memory = std::move(memory).value()};
  AppendAccepted(batch, accepted, write.batch);
  queue_.Push(std::move(write));
}

std::vector<MetricsWriter::Stored> MetricsWriter::StoreTogether(const WriteGroup& group,
                                                                const StoreBatch& store) {
  if (group.size() > 1) {
    SeriesBatch all;
    for (const QueuedWrite& write : group) AppendAccepted(write.batch, AcceptedTimes(), all);
    const Stored together = store(all);
    if (together.ok() && together->is_stored) {
      std::vector<Stored> stored;
      for (RefusedEntries& refused : SplitByWrite(group, together->refused)) {
        stored.emplace_back(Outcome{.refused = std::move(refused)});
      }
      return stored;
    }
  }
  std::vector<Stored> stored;
  for (const QueuedWrite& write : group) stored.push_back(store(write.batch));
  return stored;
}

void MetricsWriter::Finish(QueuedWrite write, const Stored& stored) {
  if (stored.ok()) {
    TakeRefused(write.batch, stored->refused, cardinality_, write.summary);
    Count(write.summary);
  }
  write.done(Answer(stored.status(), write.summary));
}

void MetricsWriter::StoreGroup(WriteGroup group) {
  const ColdSamples none;
  const std::vector<Stored> stored =
      StoreTogether(group, [&](const SeriesBatch& batch) { return StoreInGate(batch, none); });
  for (size_t i = 0; i < group.size(); ++i) {
    const bool needs_cold = stored[i].ok() && !stored[i]->is_stored;
    if (needs_cold) {
      cold_writes_.fetch_add(1, std::memory_order_relaxed);
      cold_queue_.Push(std::move(group[i]));
    } else {
      Finish(std::move(group[i]), stored[i]);
    }
  }
}

void MetricsWriter::StoreColdGroup(WriteGroup group) {
  const std::vector<Stored> stored =
      StoreTogether(group, [&](const SeriesBatch& batch) { return StoreCold(batch); });
  for (size_t i = 0; i < group.size(); ++i) Finish(std::move(group[i]), stored[i]);
}

MetricsWriter::Stored MetricsWriter::StoreCold(const SeriesBatch& batch) {
  ColdSamples cold;
  for (int tries = 0; tries < kColdTriesMax; ++tries) {
    LUMA_RETURN_IF_ERROR(ReadCold(batch, cold));
    Stored stored = StoreInGate(batch, cold);
    if (!stored.ok() || stored->is_stored) return stored;
  }
  return Status::Unavailable("samples cannot be compared with cold ones now");
}

// Other writes are on their way: what this finds out of the registry is found out again later.
Status MetricsWriter::ReadCold(const SeriesBatch& batch, ColdSamples& cold) {
  CarefulWrite write(batch, registry_, exemplars_, floor_);
  // New series have no samples to compare with.
  write.Prepare(SeriesRegistry::kSeriesMax, /*claim=*/nullptr);
  return write.lacks_series() ? Status::Ok() : write.ReadCold(engine_, cold);
}

MetricsWriter::Stored MetricsWriter::StoreInGate(const SeriesBatch& batch,
                                                 const ColdSamples& cold) {
  const std::optional<RetiredLook> look = returning_.Look(batch);
  gate_.EnterExclusive();
  Stored stored = StoreAlone(batch, cold, look);
  gate_.LeaveExclusive();
  return stored;
}

MetricsWriter::Stored MetricsWriter::StoreAlone(const SeriesBatch& batch, const ColdSamples& cold,
                                                const std::optional<RetiredLook>& look) {
  if (TakesExemplarsOf(batch)) NoteLostExemplars();
  LUMA_RETURN_IF_ERROR(returning_.Settle());
  LUMA_RETURN_IF_ERROR(ReturnSeries(batch, look));
  CardinalityClaim claim(cardinality_, registry_.series_count());
  CarefulWrite write(batch, registry_, exemplars_, floor_);
  write.Prepare(next_series_, &claim);
  if (write.lacks_series()) {
    return Status::Unavailable("a series was removed while samples of it were on their way");
  }
  LUMA_RETURN_IF_ERROR(BookSeries(write.new_series_count()));
  Outcome outcome{.refused = write.refused()};
  if (write.empty()) return outcome;
  LUMA_ASSIGN_OR_RETURN(outcome.is_stored, CommitPatiently(write, cold));
  if (!outcome.is_stored) return outcome;
  claim.Keep();
  next_series_ += write.new_series_count();
  samples_duplicate_.fetch_add(write.duplicate_count(), std::memory_order_relaxed);
  samples_replaced_.fetch_add(write.replaced_count(), std::memory_order_relaxed);
  LUMA_RETURN_IF_ERROR(write.Publish());
  MeasureSeries();
  return outcome;
}

// Never kConflict: senders drop what is refused with it, and this is to be tried again.
Result<bool> MetricsWriter::CommitPatiently(CarefulWrite& write, const ColdSamples& cold) {
  const auto end = std::chrono::steady_clock::now() + options_.conflict_wait_max;
  while (true) {
    Result<bool> committed = write.Commit(engine_, cold);
    if (committed.status().code() != StatusCode::kConflict) return committed;
    if (std::chrono::steady_clock::now() >= end) {
      return Status::Unavailable("samples cannot be replaced now: ", committed.status().message());
    }
    std::this_thread::sleep_for(kConflictPause);
  }
}

// Each time a damaged partition goes, so this ends.
Status MetricsWriter::ReturnSeries(const SeriesBatch& batch,
                                   const std::optional<RetiredLook>& look) {
  Status returned = ReturnIntactSeries(batch, look);
  while (!returned.ok() && returning_.is_damaged()) {
    LUMA_RETURN_IF_ERROR(ReturnDamagedSeries());
    returned = ReturnIntactSeries(batch, look);
  }
  return returned;
}

Status MetricsWriter::ReturnIntactSeries(const SeriesBatch& batch,
                                         const std::optional<RetiredLook>& look) {
  LUMA_ASSIGN_OR_RETURN(const SeriesBitmap retired, returning_.Find(batch, look));
  LUMA_RETURN_IF_ERROR(BookSeries(retired.cardinality()));
  LUMA_RETURN_IF_ERROR(returning_.Return(retired));
  CountSeries(retired);
  return Status::Ok();
}

Status MetricsWriter::ReturnDamagedSeries() {
  SeriesBitmap returned;
  const Status status = returning_.ReturnDamaged(returned);
  CountSeries(returned);
  // They have to be in memory, whether there is room or not.
  if (!returned.isEmpty()) BookResidentSeries();
  return status;
}

// Memory that a failed commit did not use serves the next one.
Status MetricsWriter::BookSeries(uint64_t new_series) {
  if (new_series == 0) return Status::Ok();
  if (next_series_ + new_series > SeriesRegistry::kSeriesMax) {
    return Status::TooManyRequests("no more ids for series: limit=", SeriesRegistry::kSeriesMax);
  }
  const uint64_t bytes = (registry_.resident_count() + new_series) * series_bytes_;
  if (bytes <= series_memory_.bytes()) return Status::Ok();
  return series_memory_.Grow(bytes - series_memory_.bytes());
}

void MetricsWriter::MeasureSeries() {
  const uint64_t count = registry_.resident_count();
  if (count < kMeasuredSeriesMin || count < series_measured_ + series_measured_ / 8) return;
  series_measured_ = count;
  const size_t bytes = registry_.allocated_bytes() + cardinality_.allocated_bytes();
  series_bytes_ = bytes * 8 / 7 / count + 1;  // the allocator rounds up
  BookResidentSeries();
}

void MetricsWriter::BookResidentSeries() {
  series_memory_.Release();
  series_memory_ =
      engine_.budget().BookAlways(BudgetUse::kSeries, registry_.resident_count() * series_bytes_);
}

// Memory of series that were removed comes back.
void MetricsWriter::WhileNoneWrites(const std::function<void()>& work) {
  gate_.EnterExclusive();
  work();
  const uint64_t count = registry_.resident_count();
  if (count < series_measured_) {
    series_measured_ = 0;
    MeasureSeries();
  }
  if (count * series_bytes_ < series_memory_.bytes()) BookResidentSeries();
  gate_.LeaveExclusive();
}

void MetricsWriter::RemoveSeries(const SeriesBitmap& series) {
  if (cardinality_.counts_labels()) {
    std::string canonical;
    for (const uint32_t id : series) {
      canonical.clear();
      const bool is_there = registry_.AppendLabels(SeriesId{id}, canonical);
      if (is_there) cardinality_.Remove(LabelsView(canonical));
    }
  }
  registry_.Remove(series);
}

void MetricsWriter::SetLimits(const CardinalityLimits& limits) {
  if (limits == cardinality_.limits()) return;
  WhileNoneWrites([&] {
    cardinality_.Reset(limits);
    CountSeries(registry_.SelectActive({}));
    series_measured_ = 0;  // counts take memory, too
    MeasureSeries();
  });
}

void MetricsWriter::CountSeries(const SeriesBitmap& series) {
  if (!cardinality_.counts_labels()) return;
  std::string canonical;
  for (const uint32_t id : series) {
    canonical.clear();
    if (registry_.AppendLabels(SeriesId{id}, canonical)) cardinality_.Add(LabelsView(canonical));
  }
}

void MetricsWriter::Count(const WriteSummary& summary) {
  samples_stored_.fetch_add(summary.samples_stored, std::memory_order_relaxed);
  samples_refused_.fetch_add(summary.samples_refused - summary.samples_over_limit,
                             std::memory_order_relaxed);
  exemplars_stored_.fetch_add(summary.exemplars_stored, std::memory_order_relaxed);
  exemplars_refused_.fetch_add(summary.exemplars_refused, std::memory_order_relaxed);
}

MetricsWriterStats MetricsWriter::stats() const {
  return {.writes = writes_.load(std::memory_order_relaxed),
          .queued_writes = queued_writes_.load(std::memory_order_relaxed),
          .cold_writes = cold_writes_.load(std::memory_order_relaxed),
          .samples_stored = samples_stored_.load(std::memory_order_relaxed),
          .samples_refused = samples_refused_.load(std::memory_order_relaxed),
          .samples_refused_late = samples_refused_late_.load(std::memory_order_relaxed),
          .samples_duplicate = samples_duplicate_.load(std::memory_order_relaxed),
          .samples_replaced = samples_replaced_.load(std::memory_order_relaxed),
          .exemplars_stored = exemplars_stored_.load(std::memory_order_relaxed),
          .exemplars_refused = exemplars_refused_.load(std::memory_order_relaxed)};
}

}  // namespace luma::storage
