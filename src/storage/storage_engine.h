// MultiTierStorage on one machine: owns the parts and wires them.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "storage/backup/backup_source.h"
#include "storage/block_cache.h"
#include "storage/cold/cold_mover.h"
#include "storage/cold/cold_thread.h"
#include "storage/cold/cold_tier.h"
#include "storage/commit_pipeline.h"
#include "storage/compaction/compaction_thread.h"
#include "storage/compaction/compactor.h"
#include "storage/data_directory.h"
#include "storage/engine.h"
#include "storage/engine_parts.h"
#include "storage/flush_thread.h"
#include "storage/flusher.h"
#include "storage/manifest/manifest.h"
#include "storage/memory_relief.h"
#include "storage/recovery.h"
#include "storage/retention/engine_maintenance.h"
#include "storage/retention/expiry_clock.h"
#include "storage/retention/table_expiry.h"
#include "storage/sequences.h"
#include "storage/state_store.h"
#include "storage/unique_indexes.h"
#include "storage/wal/wal_writer.h"

namespace luma::storage {

class StorageEngine final : public MultiTierStorage, private BackupSource {
 public:
  static Result<std::unique_ptr<StorageEngine>> Open(EngineOptions options, io::FileSystem& fs,
                                                     const Clock& clock);
  ~StorageEngine() override;

  std::unique_ptr<Transaction> Begin() override;
  Result<TableSnapshotPtr> Read(ObjectId table) override;
  Status Flush() override;
  // What the background does with runs that get no more rows: see Flusher::FlushSealed.
  Status FlushSealed() { return flusher_.FlushSealed(); }
  // All merges that are due, one after the other: see Compactor::MergeOnce.
  Status Compact(const MergePolicy& policy = {});
  // See ColdMover::Pass. Errors: also kInvalidArgument without a cold tier.
  Status MoveCold(const MergePolicy& merges = {});
  Status Close() override;
  MemoryBudget& budget() override { return *budget_; }
  EngineStats Stats() const override;
  StoreReport Report() const override;
  BackupSource& backup_source() override { return *this; }
  Maintenance& maintenance() override { return maintenance_; }
  const Clock& clock() const override { return clock_; }

 private:
  // Made in this order, because each needs those before it; destroyed in the opposite order.
  struct Opened {
    std::unique_ptr<io::DirectoryLock> lock;
    std::unique_ptr<MemoryBudget> budget;
    std::unique_ptr<BlockCache> cache;
    std::unique_ptr<ColdTier> cold;
    std::unique_ptr<Manifest> manifest;
    ManifestState state = {};  // of the manifest
    RecoveredDatabase database;
    std::optional<UnixMillis> known_time;  // see ExpiryClock
    std::unique_ptr<WalWriter> wal;
  };

  StorageEngine(EngineOptions options, io::FileSystem& fs, const Clock& clock, Opened opened);
  // Last: a flush writes the counters of sequences to the manifest.
  void StartThreads();
  Sequences::Log SequenceLog();

  io::FileSystem& file_system() const override { return fs_; }
  DataDirectory directory() const override { return DataDirectory{options_.data_dir}; }
  Result<PinnedCheckpoint> PinCheckpoint() override { return flusher_.Pin(); }
  std::unique_ptr<WalPin> PinLog() override { return wal_->PinAll(); }
  uint64_t PinnedLogBytes() const override { return wal_->pinned_bytes(); }
  DatabaseUuid uuid() const override { return manifest_->State().uuid; }
  uint64_t epoch() const override { return flusher_.epoch(); }
  Status KeepEpoch() override { return flusher_.KeepEpoch(); }
  io::ObjectStore* cold_store() const override {
    return cold_->has_store() ? &cold_->store() : nullptr;
  }
  Result<Lsn> SyncLog() override;
  Status ReadLog(Lsn from, Lsn through, const WalRecordCallback& callback) override;
  FlushThread::Needs FlushNeeds() const;
  CompactionThread::Limits CompactionLimits() const;
  ColdMover::Parts ColdParts(const ManifestState& state);
  // "schema.name"; empty when there is no such table.
  std::string TableName(ObjectId table) const;
  ColdThread::Limits ColdLimits() const;

  const EngineOptions options_;
  io::FileSystem& fs_;
  const Clock& clock_;
  const std::unique_ptr<io::DirectoryLock> lock_;
  const std::unique_ptr<MemoryBudget> budget_;
  const std::unique_ptr<BlockCache> cache_;
  const std::unique_ptr<ColdTier> cold_;
  const std::unique_ptr<Manifest> manifest_;
  const std::unique_ptr<WalWriter> wal_;
  StateStore states_;
  UniqueIndexes indexes_;
  Sequences sequences_;
  std::atomic<uint32_t> next_object_id_;
  CommitPipeline pipeline_;
  Flusher flusher_;
  ExpiryClock expiry_clock_;
  TableExpiry table_expiry_;
  Compactor compactor_;
  EngineMaintenance maintenance_;   // runs without background_flush when it is asked to only
  std::optional<ColdMover> mover_;  // with an object store
  const BudgetLease log_memory_;
  // None without background_flush.
  std::optional<FlushThread> flush_thread_;
  std::optional<CompactionThread> compaction_thread_;
  std::optional<ColdThread> cold_thread_;
  const std::function<void()> request_flush_;
  const MemoryRelief memory_relief_;
  const EngineParts parts_;
};

}  // namespace luma::storage
