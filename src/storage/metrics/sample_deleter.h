// Deletes samples, what is told of them, and rollups by series and time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "model/sample.h"
#include "storage/engine.h"
#include "storage/metrics/postings.h"
#include "storage/metrics/series_filter.h"
#include "storage/metrics/series_registry.h"

namespace luma::storage {

// Threads: every method from any thread. Lifetime: engine and registry outlive it.
class SampleDeleter {
 public:
  // One commit deletes at most this many: the positions of so many rows fit a record of the log
  // however they are scattered (two bytes each, 16 MiB).
  static constexpr uint64_t kRowsPerCommit = 4'000'000;

  // Rows that a flush or a merge is moving cannot be deleted; it is tried again for so long.
  SampleDeleter(MultiTierStorage& engine, SeriesRegistry& registry,
                std::chrono::milliseconds conflict_wait_max,
                uint64_t rows_per_commit = kRowsPerCommit)
      : engine_(engine),
        registry_(registry),
        conflict_wait_max_(conflict_wait_max),
        rows_per_commit_(rows_per_commit) {}

  // How many samples and rollups there were; their exemplars and start times go too. A rollup goes
  // if all its samples lie in `range`. Memory: a few bytes for each row of a commit. Errors:
  // kUnavailable when rows stayed in motion for too long, those of Transaction::Commit; what
  // earlier commits deleted stays deleted.
  Result<uint64_t> Delete(const SeriesBitmap& series, TimeRange range);
  // Deletes under way and later ones end with kCancelled: the store is closing.
  void Cancel() { is_cancelled_ = true; }

 private:
  struct Commit {
    uint64_t rows = 0;
    bool is_last = true;
  };
  // Errors: kConflict too.
  Result<Commit> DeleteSome(const SeriesFilter& filter, TimeRange range);
  // Of a table that has a row for each sample, or for some.
  Result<Commit> DeleteSamples(Transaction& transaction, ObjectId id, const SeriesFilter& filter,
                               TimeRange range, uint64_t rows_max);
  Result<Commit> DeleteRollups(Transaction& transaction, const SeriesFilter& filter,
                               TimeRange range, uint64_t rows_max);
  Result<Commit> DeleteSomePatiently(const SeriesFilter& filter, TimeRange range);

  MultiTierStorage& engine_;
  SeriesRegistry& registry_;
  const std::chrono::milliseconds conflict_wait_max_;
  const uint64_t rows_per_commit_;
  std::atomic<bool> is_cancelled_{false};
};

}  // namespace luma::storage
