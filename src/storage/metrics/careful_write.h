// One write that may create series, repeat samples or replace them. It has to be alone: no other
// write may be on its way from Prepare to Publish, unless it is only there to read ahead.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "model/series_batch.h"
#include "storage/engine.h"
#include "storage/metrics/careful_exemplars.h"
#include "storage/metrics/cold_samples.h"
#include "storage/metrics/exemplar_index.h"
#include "storage/metrics/limit_refusals.h"
#include "storage/metrics/series_registry.h"

namespace luma::storage {

// Thread-compatible. Lifetime: `batch`, `registry` and `exemplars` outlive it.
class CarefulWrite {
 public:
  // Every series of the batch has samples or exemplars. `floor` as in MetricsWriter.
  CarefulWrite(const SeriesBatch& batch, SeriesRegistry& registry, ExemplarIndex& exemplars,
               UnixMillis floor)
      : batch_(batch), registry_(registry), floor_(floor), exemplars_(batch, exemplars) {}

  // Finds the series and numbers new ones from `next_series` on: those that `claim` lets in, all of
  // them when it is null. What is not let in is left out.
  void Prepare(uint64_t next_series, CardinalityClaim* claim);
  // A series of the batch that was told by its id is gone, or one has gone since it was found,
  // which happens outside the gate alone. Nothing can be done with the batch then.
  bool lacks_series() const { return lacks_series_; }
  uint64_t new_series_count() const { return additions_.size(); }
  const RefusedEntries& refused() const { return refused_; }
  // Everything was left out.
  bool empty() const { return rows_.empty() && exemplars_.empty(); }

  // Reads what Commit needs of cold runs. Takes as long as the object store does; other writes may
  // be on their way. Errors: those of ColdSamples::Read.
  Status ReadCold(MultiTierStorage& engine, ColdSamples& cold) const;

  // Looks up what has to be looked up and changes the tables in one transaction, without asking
  // the object store. False when it needs more of cold runs than `cold` has. Errors: those of
  // Transaction. Nothing has happened then, and Commit may be called again.
  Result<bool> Commit(MultiTierStorage& engine, const ColdSamples& cold);
  // Tells the registry what was committed. Errors: kCorruption, see SeriesRegistry::Add.
  Status Publish();

  uint64_t duplicate_count() const { return duplicates_; }
  uint64_t replaced_count() const { return replaced_floats_.size() + replaced_histograms_.size(); }

 private:
  struct Row {
    SeriesId series;
    UnixMillis timestamp;
    double value;
    uint32_t order;                             // in the batch
    std::optional<std::string_view> histogram;  // in the batch; then it counts, not `value`
    UnixMillis start = 0;                       // of a float; 0: not known
    bool is_duplicate = false;                  // stored already with this value
  };
  struct StoredSample {
    SeriesId series;
    UnixMillis timestamp;
    RowId row;
    double value;
    std::optional<std::string_view> histogram;
  };

  struct Numbered {
    SeriesId id = kUnknownSeries;  // of a series that was let in
    CardinalityRefusal refusal;
  };
  void NumberSeries(uint64_t next_series, CardinalityClaim* claim);
  Numbered NumberNew(const SeriesBatch::Series& series, uint64_t next_series,
                     CardinalityClaim* claim);
  void CollectRows();
  void CollectRowsOf(SeriesId id, const SeriesBatch::Series& series);
  void FindLateRows();
  // False when samples of cold runs are missing.
  Result<bool> LookUp(Transaction& transaction, const ColdSamples& cold);
  using VisitStored = std::function<void(const StoredSample&)>;
  // `late`: late_.series.
  Result<bool> LookUpIn(const TableSnapshot& table, const SeriesFilter& late,
                        const ColdSamples& cold, const VisitStored& visit);
  // The start times of samples that are replaced go with them.
  Result<bool> LookUpStartTimes(Transaction& transaction, const SeriesFilter& late,
                                const ColdSamples& cold);
  // In rows_.
  std::optional<size_t> FindRow(SeriesId series, UnixMillis timestamp) const;
  void CompareWithStored(const StoredSample& stored);
  Status AppendSeries(Transaction& transaction) const;
  Status AppendSamples(Transaction& transaction) const;
  UnixMillis NewestAfter(SeriesId series, UnixMillis newest_row) const;

  const SeriesBatch& batch_;
  SeriesRegistry& registry_;
  const UnixMillis floor_;
  std::vector<SeriesId> ids_;  // of the series of the batch; kUnknownSeries: left out
  RefusedEntries refused_;
  bool lacks_series_ = false;
  std::vector<SeriesRegistry::Addition> additions_;
  // Sorted by series and timestamp, one of each: of several the last in the batch.
  std::vector<Row> rows_;

  // What has to be looked up: samples that are not newer than all of their series.
  LateSamples late_;
  // Newest stored sample in late_.range of each late series.
  boost::unordered_flat_map<uint64_t, UnixMillis> newest_stored_;
  std::vector<RowId> replaced_floats_;
  std::vector<RowId> replaced_histograms_;
  std::vector<RowId> replaced_start_times_;
  CarefulExemplars exemplars_;
  uint64_t duplicates_ = 0;
};

}  // namespace luma::storage
