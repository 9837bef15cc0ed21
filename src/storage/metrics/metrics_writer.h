// The way of samples, and of exemplars, into their tables: docs/formats/metrics_tables.md.
//
//              every series known, and every sample newer than all of its series?
//   Write --- yes: many at once, one CommitAsync each, many share an fsync ---> done
//         \-- no:  WriteQueue, then alone, as a CarefulWrite for a group -----> done
//                     \-- so late that cold runs may have it: a WriteQueue of their own, first
//                         ColdSamples while others write, then alone --------> done
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "model/metrics_source.h"
#include "storage/engine.h"
#include "storage/metrics/cardinality_limits.h"
#include "storage/metrics/careful_write.h"
#include "storage/metrics/exemplar_index.h"
#include "storage/metrics/limit_refusals.h"
#include "storage/metrics/retired/open_retired_series.h"
#include "storage/metrics/retired/returning_series.h"
#include "storage/metrics/series_registry.h"
#include "storage/metrics/write_gate.h"
#include "storage/metrics/write_queue.h"

namespace luma::storage {

struct MetricsOptions {
  std::chrono::milliseconds future_max = MetricsSink::kFutureMax;
  // Samples older than this are refused one by one, as those from the future are; 0: none are.
  std::chrono::milliseconds late_max{0};
  CardinalityLimits limits = {};  // of which samples and exemplars of new series are refused
  bool exemplars = true;          // false: they are left out, and count neither way
  // How long a write waits for rows that it has to replace: a flush is moving them, or SQL is
  // deleting them. Then it is kUnavailable.
  std::chrono::milliseconds conflict_wait_max{10'000};
  RetirementOptions retirement{};
};

// What has been written since the start.
struct MetricsWriterStats {
  uint64_t writes = 0;
  uint64_t queued_writes = 0;  // of those: had to be alone, or came while another was
  uint64_t cold_writes = 0;    // of those: waited for samples of cold runs
  uint64_t samples_stored = 0;
  uint64_t samples_refused = 0;       // for their time: CardinalityCounts has what limits refuse
  uint64_t samples_refused_late = 0;  // of those: too old; the others come from the future
  uint64_t samples_duplicate = 0;     // of those stored: were there already, with the same value
  uint64_t samples_replaced = 0;      // of those stored: had another value before
  uint64_t exemplars_stored = 0;      // those that were there already too
  uint64_t exemplars_refused = 0;
};

// What of a batch is stored.
struct AcceptedTimes {
  TimeRange range;
  bool exemplars = true;
  bool Has(const Sample& sample) const { return HasTime(sample.timestamp); }
  bool Has(const SeriesBatch::Exemplar& one) const { return exemplars && HasTime(one.timestamp); }
  bool HasTime(UnixMillis time) const { return range.min <= time && time <= range.max; }
};

// Booked for each series until there are enough of them to measure what the registry takes.
inline constexpr uint64_t kSeriesBytes = 200;

// Threads: Write and stats from any thread. Lifetime: references outlive it.
class MetricsWriter {
 public:
  struct Start {
    uint64_t next_series = 1;  // the next new series gets it
    // No stored sample of a registered series is newer than the Newest that the registry has for
    // it; where that is `floor` it is only a bound.
    UnixMillis floor = SeriesRegistry::kNoSample;
    UnixMillis exemplar_floor = INT64_MIN;  // no stored exemplar is newer
  };
  MetricsWriter(MultiTierStorage& engine, SeriesRegistry& registry, ReturningSeries& returning,
                MetricsOptions options, const Start& start);
  // Waits for the writes that are on their way.
  ~MetricsWriter();

  // As MetricsSink::Write. Never waits for a commit.
  void Write(const SeriesBatch& batch, WriteCallback done);

  // Calls `work` alone: no write is on its way, and those that come wait. Blocks.
  void WhileNoneWrites(const std::function<void()>& work);
  // To be called while none writes: the series are unknown from here on, and make room for others.
  void RemoveSeries(const SeriesBitmap& series);
  // To be called while none writes: see ReturningSeries::ReturnDamaged.
  Status ReturnDamagedSeries();

  // From now on these hold. All writes wait meanwhile, for about a second per million series.
  void SetLimits(const CardinalityLimits& limits);
  const CardinalityCounts& cardinality() const { return cardinality_; }

  MetricsWriterStats stats() const;
  UnixMillis floor() const { return floor_; }  // of Start

 private:
  // Returns false, having done nothing, when the batch has to be alone.
  bool TryWriteNewer(const SeriesBatch& batch, const WriteSummary& summary,
                     const WriteCallback& done);
  // Inside the gate: makes what the batch brings the newest of its series, if it is.
  bool Advance(const SeriesBatch& batch, std::span<const SeriesId> ids, NewExemplars& exemplars);
  bool TakesExemplarsOf(const SeriesBatch& batch) const;
  // To be called before the index is asked.
  void NoteLostExemplars();
  void Enqueue(const SeriesBatch& batch, const AcceptedTimes& accepted, WriteSummary summary,
               WriteCallback done);
  AcceptedTimes Accepted() const;

  struct Outcome {
    bool is_stored = true;        // false: it needs more samples of cold runs than were read ahead
    RefusedEntries refused = {};  // by limits; the rest is stored
  };
  using Stored = Result<Outcome>;
  using StoreBatch = std::function<Stored(const SeriesBatch& batch)>;
  // All writes of a group in one, or, when that fails, each for itself: that a series of one sender
  // is gone, or memory for its new ones, must not fail what the others sent.
  static std::vector<Stored> StoreTogether(const WriteGroup& group, const StoreBatch& store);
  void Finish(QueuedWrite write, const Stored& stored);

  // On the threads of queue_ and of cold_queue_.
  void StoreGroup(WriteGroup group);
  void StoreColdGroup(WriteGroup group);
  Stored StoreCold(const SeriesBatch& batch);
  Status ReadCold(const SeriesBatch& batch, ColdSamples& cold);
  Stored StoreInGate(const SeriesBatch& batch, const ColdSamples& cold);
  // Inside the gate, alone. `look` was taken before.
  Stored StoreAlone(const SeriesBatch& batch, const ColdSamples& cold,
                    const std::optional<RetiredLook>& look);
  Result<bool> CommitPatiently(CarefulWrite& write, const ColdSamples& cold);
  // Retired series of the batch become active, whatever the limits: they were let in once.
  Status ReturnSeries(const SeriesBatch& batch, const std::optional<RetiredLook>& look);
  Status ReturnIntactSeries(const SeriesBatch& batch, const std::optional<RetiredLook>& look);
  Status BookSeries(uint64_t new_series);
  void CountSeries(const SeriesBitmap& series);
  // When the registry has grown by an eighth since the last time: labels may be long or short.
  void MeasureSeries();
  void BookResidentSeries();

  void Count(const WriteSummary& summary);

  MultiTierStorage& engine_;
  SeriesRegistry& registry_;
  ReturningSeries& returning_;
  const MetricsOptions options_;
  const UnixMillis floor_;
  ExemplarIndex exemplars_;
  CardinalityCounts cardinality_;
  WriteGate gate_;
  // Both belong to who is alone inside the gate.
  uint64_t next_series_;
  BudgetLease series_memory_;
  uint64_t series_bytes_ = kSeriesBytes;  // booked for each
  uint64_t series_measured_ = 0;          // how many there were then

  std::atomic<uint64_t> writes_ = 0;
  std::atomic<uint64_t> queued_writes_ = 0;
  std::atomic<uint64_t> cold_writes_ = 0;
  std::atomic<uint64_t> samples_stored_ = 0;
  std::atomic<uint64_t> samples_refused_ = 0;
  std::atomic<uint64_t> samples_refused_late_ = 0;
  std::atomic<uint64_t> samples_duplicate_ = 0;
  std::atomic<uint64_t> samples_replaced_ = 0;
  std::atomic<uint64_t> exemplars_stored_ = 0;
  std::atomic<uint64_t> exemplars_refused_ = 0;

  WriteQueue cold_queue_;  // of writes that wait for the object store, outside the gate
  WriteQueue queue_;       // last: its thread uses the rest, and ends first
};

}  // namespace luma::storage
