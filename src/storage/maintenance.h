// What the engine does about data that is no longer wanted, for those who configure or ask it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/status.h"
#include "model/schema.h"
#include "storage/retention/downsampling_reports.h"
#include "storage/retention/expiry_clock.h"

namespace luma::storage {

// What one pass dropped, and since the start.
struct ExpiryCounts {
  uint64_t runs = 0;
  uint64_t rows = 0;   // deleted ones included
  uint64_t bytes = 0;  // on disk
};

// Threads: every method from any thread. Lives as long as the engine.
class Maintenance {
 public:
  virtual ~Maintenance() = default;

  // By which rows expire, here and in the metrics store.
  virtual ExpiryClock& expiry_clock() = 0;
  // Of tables that say nothing else; zero keeps rows for ever. At first that of
  // EngineOptions::default_policy.
  virtual void SetDefaultRetention(std::chrono::seconds retention) = 0;
  // Drops every run all of whose rows are older than the retention of their table; the background
  // does so every minute. Rows of other runs are left out by the next merge of their run. A table
  // without a time to sort by keeps its rows. Blocks for I/O. Errors: those of Flusher::FlushAll.
  virtual Result<ExpiryCounts> Expire() = 0;
  virtual ExpiryCounts expired() const = 0;

  // How many rows of the table are gone since the start: deleted by commits, also to be replaced,
  // or expired. One that was deleted and has expired may count twice.
  virtual uint64_t rows_lost(ObjectId table) const = 0;

  // Written by the metrics store, which downsamples.
  virtual DownsamplingReports& downsampling() = 0;

  // Deleted rows leave the disk: flushes, and rewrites every segment file that has some.
  // Blocks as long as that takes. Errors: those of Flusher::FlushAll and Compactor::MergeOnce.
  virtual Status CleanDeleted() = 0;
};

}  // namespace luma::storage
