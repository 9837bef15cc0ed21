// One commit of downsampling: samples and finer rollups go, the rollups of their buckets come.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/status.h"
#include "model/sample.h"
#include "storage/engine.h"
#include "storage/metrics/postings.h"

namespace luma::storage {

// Lifetime: the series outlive it.
struct RollupBatch {
  const SeriesBitmap& series;
  TimeRange times;  // of samples: whole buckets, or parts of one, the earliest first
  int64_t resolution_ms = 0;
  uint64_t rows_max = 0;
  const std::atomic<bool>* cancelled = nullptr;  // set: the batch ends before its commit
};

struct RollupCounts {
  uint64_t samples_in = 0;
  uint64_t rollups_in =
      0;  // finer ones, and those of the same bucket that late samples are added to
  uint64_t rollups_out = 0;
  uint64_t commits = 0;
};

// All of it or nothing. Nullopt, and nothing has happened, when there are more than rows_max rows
// to replace. Memory: some 35 bytes a sample and 300 a rollup, booked. Blocks for the commit, if
// there is anything to do. Errors: kConflict when rows are in motion, kCancelled, and those of
// Transaction and reading.
Result<std::optional<RollupCounts>> CommitRollups(MultiTierStorage& engine,
                                                  const RollupBatch& batch);

}  // namespace luma::storage
