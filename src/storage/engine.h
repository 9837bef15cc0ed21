// The storage engine ("MultiTierStorage" of the specification): one store for every table.
//
//   WriteBatch -> sequencer -> WAL (group commit) -> HotTier -> flush -> WarmTier (segment files)
//
// See docs/architecture.md, "Write path", and README.md in this folder.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "io/file_system.h"
#include "storage/budget.h"
#include "storage/cold/cold_tier_options.h"
#include "storage/compaction/compaction_options.h"
#include "storage/table_policy.h"
#include "storage/transaction.h"
#include "storage/wal/wal_sync.h"

namespace luma::storage {

struct EngineOptions {
  std::string data_dir;
  WalSync wal_sync = WalSync::kAlways;
  std::chrono::milliseconds wal_sync_interval{100};
  uint64_t wal_segment_bytes = 32ull << 20;
  // A table's growing run is sealed at this many rows, and flushed soon after.
  uint32_t run_rows_max = 1u << 20;
  // All hot data above this is flushed, largest table first; also every flush_interval.
  uint64_t hot_bytes_flush = 256ull << 20;
  uint64_t wal_bytes_flush = 512ull << 20;  // bounds recovery time
  // A log of this size takes no more commits (kDiskFull) until a flush has shortened it: its bound
  // when flushes fail or are too slow.
  uint64_t wal_bytes_max = 2ull << 30;
  std::chrono::seconds flush_interval{300};
  uint64_t memory_limit_bytes = 2ull << 30;
  CompactionOptions compaction{};
  bool background_flush = true;  // off in deterministic tests: call Flush()
  // Files of the log stay until an archive of the log has taken charge: BackupSource::PinLog.
  bool hold_log = false;
  TablePolicy default_policy{};  // of tables that say nothing else
  ColdTierOptions cold{};
};

class BackupSource;  // storage/backup/backup_source.h
class Maintenance;   // storage/maintenance.h
struct StoreReport;  // storage/store_report.h

struct EngineStats {
  uint64_t commits = 0;
  uint64_t conflicts = 0;
  uint64_t rows_appended = 0;
  uint64_t hot_bytes = 0;
  uint64_t hot_rows = 0;
  uint64_t warm_bytes = 0;
  uint64_t warm_rows = 0;
  uint64_t warm_segments = 0;
  uint64_t wal_bytes = 0;  // live: what a restart would replay
  uint64_t wal_syncs = 0;
  uint64_t flushes = 0;
  CommitNumber last_commit{};
  bool poisoned = false;  // the log failed: reads go on, writes are refused until a restart
};

// Threads: every method from any thread. One process per data directory (locked).
// Lifetime: transactions and table snapshots must be gone before the engine is.
class MultiTierStorage {
 public:
  // Recovers: manifest, then WAL. Errors: kCorruption names file and offset and nothing is changed
  // on disk; kUnavailable when another process holds the directory.
  static Result<std::unique_ptr<MultiTierStorage>> Open(EngineOptions options, io::FileSystem& fs,
                                                        const Clock& clock);
  virtual ~MultiTierStorage() = default;  // as Close, ignoring errors

  virtual std::unique_ptr<Transaction> Begin() = 0;
  // A committed-state read without a transaction object; cheap (one shared_ptr).
  virtual Result<TableSnapshotPtr> Read(ObjectId table) = 0;

  // Seals and writes every hot row to segment files, records it in the manifest, recycles WAL.
  // Errors: kDiskFull and kIoError leave all rows readable and in the WAL; tried again later.
  virtual Status Flush() = 0;
  // Stops background work, flushes nothing, marks the WAL cleanly closed. Idempotent.
  virtual Status Close() = 0;

  virtual MemoryBudget& budget() = 0;
  virtual EngineStats Stats() const = 0;
  // What the store is made of now. Cost: one step per run; reads no file.
  virtual StoreReport Report() const = 0;
  // What backups, checks and the archive of the log read. Lives as long as the engine.
  virtual BackupSource& backup_source() = 0;
  // What becomes of data that is no longer wanted. Lives as long as the engine.
  virtual Maintenance& maintenance() = 0;
  virtual const Clock& clock() const = 0;
};

}  // namespace luma::storage
