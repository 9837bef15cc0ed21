// Finds and drops what is older than its table's retention.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <optional>
#include <vector>

#include "base/mutex.h"
#include "storage/flusher.h"
#include "storage/maintenance.h"
#include "storage/state_store.h"
#include "storage/table_policy.h"
#include "storage/time_column.h"

namespace luma::storage {

// The rows of a run that are older than `cutoff` ticks, deleted ones included; null for none.
// Reads the blocks that may have some. Errors: those of Run::Read.
Result<DeleteBitmapPtr> OlderRows(const RunVersion& run, const TableSchema& schema,
                                  const TimeColumn& column, int64_t cutoff);

// Threads: every method from any thread. Lifetime: references must outlive it.
class TableExpiry {
 public:
  TableExpiry(Flusher& flusher, const StateStore& states, ExpiryClock& clock,
              std::chrono::seconds default_retention)
      : flusher_(flusher),
        states_(states),
        clock_(clock),
        default_retention_(default_retention.count()) {}

  void SetDefaultRetention(std::chrono::seconds retention) {
    default_retention_ = retention.count();
  }

  // As Maintenance::Expire.
  Result<ExpiryCounts> DropExpired();
  ExpiryCounts dropped() const;
  // Rows of one table that were dropped with their runs or that merges have left out.
  uint64_t rows_expired(ObjectId table) const LUMA_EXCLUDES(mutex_);

  // The inputs of a merge, all of one table, with what is older than its retention counted as
  // deleted, unless no row would be left.
  Result<std::vector<RunVersionPtr>> WithoutExpired(const CatalogObject& table,
                                                    std::vector<RunVersionPtr> inputs);
  // So many rows of the table that have expired are gone.
  void CountExpired(ObjectId table, uint64_t rows) LUMA_EXCLUDES(mutex_);

 private:
  // Rows older than this have expired. Nullopt: none ever.
  struct Cutoff {
    TimeColumn column;
    int64_t ticks = 0;
  };
  std::optional<Cutoff> CutoffOf(const TableSchema& table);
  // Runs on disk, with an id below `before`, whose newest row has expired.
  static std::vector<RunVersionPtr> ExpiredRuns(const TableVersion& version, const Cutoff& cutoff,
                                                RunId before);
  Status Drop(ObjectId table, const std::vector<RunVersionPtr>& runs, ExpiryCounts& counts);

  Flusher& flusher_;
  const StateStore& states_;
  ExpiryClock& clock_;
  std::atomic<int64_t> default_retention_;
  std::atomic<uint64_t> dropped_runs_{0};
  std::atomic<uint64_t> dropped_rows_{0};
  std::atomic<uint64_t> dropped_bytes_{0};
  mutable Mutex mutex_;  // innermost
  std::map<ObjectId, uint64_t> rows_expired_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::storage
