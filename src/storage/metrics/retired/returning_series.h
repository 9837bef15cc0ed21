// Retired series that get samples again, or whose partition is damaged, come back to memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/status.h"
#include "model/series_batch.h"
#include "storage/engine.h"
#include "storage/metrics/postings.h"
#include "storage/metrics/retired/retired_series.h"
#include "storage/metrics/series_registry.h"

namespace luma::storage {

// What was known of a batch before its write was alone.
struct RetiredLook {
  uint64_t additions = 0;     // of RetiredSeries, before
  std::vector<SeriesId> ids;  // of the registry; the unknown ones were looked for in partitions
  SeriesBitmap found;
};

// Threads: any, but Look, has_to_settle and returned aside while no write is on its way
// (MetricsWriter's gate).
// Lifetime: references outlive it.
class ReturningSeries {
 public:
  ReturningSeries(MultiTierStorage& engine, SeriesRegistry& registry, RetiredSeries& retired)
      : engine_(engine), registry_(registry), retired_(retired) {}

  // Beside other writes: asks the filters of all partitions, and reads those that may have series
  // of the batch, so that Find does not. Nullopt if that failed.
  std::optional<RetiredLook> Look(const SeriesBatch& batch) const;
  // The retired series of the batch, which tells them by labels or by id. What `look`, of the same
  // batch, cannot tell any more is looked for again. Errors: those of SeriesPartition;
  // ReturnDamaged helps if a partition is damaged then.
  Result<SeriesBitmap> Find(const SeriesBatch& batch, const std::optional<RetiredLook>& look) const;
  // They are in the registry from now on, and nothing tells that they were away. Their newest
  // timestamp is a bound. Durable on return: a restart finds them active, samples or not. Errors:
  // those of SeriesPartition and of RetiredSeries::Forget; nothing has changed then.
  Status Return(const SeriesBitmap& ids);
  // All series of damaged partitions, from luma.series; adds them to `returned`. Errors: those of
  // reading it and of Forget; of the partition that has one nothing has changed.
  Status ReturnDamaged(SeriesBitmap& returned);

  bool is_damaged() const { return retired_.is_damaged(); }
  // See RetiredSeries: no series may get samples meanwhile. Inside the gate, which keeps it as it
  // is.
  bool has_to_settle() const { return retired_.may_be_ahead(); }
  Status Settle() { return has_to_settle() ? retired_.Settle() : Status::Ok(); }
  // How many came back since the start.
  uint64_t returned() const { return returned_; }

 private:
  // On an error some may be in.
  Status AddToRegistry(const SeriesBitmap& ids);
  Status ReturnOf(const RetiredPartition& damaged);
  // Ends a return: undoes it if `added`, how the registry took the series, is an error.
  Status Publish(const SeriesBitmap& ids, const Status& added);

  MultiTierStorage& engine_;
  SeriesRegistry& registry_;
  RetiredSeries& retired_;
  std::atomic<uint64_t> returned_{0};
};

}  // namespace luma::storage
