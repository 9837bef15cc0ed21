// Orders commits: validates each against everything sequenced before it, puts it into the log and
// applies it to the newest state; published when the log acknowledges it.
//
//   Submit (sequencer's lock): validate -> make room -> reserve log -> append -> apply -> queue
//   afterwards, without it:    wait for the log -> publish, in log order -> answer
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "storage/database_state.h"
#include "storage/sequences.h"
#include "storage/state_store.h"
#include "storage/unique_indexes.h"
#include "storage/wal/wal_writer.h"
#include "storage/write_batch.h"

namespace luma::storage {

// Threads: every method from any thread. Lifetime: all references must outlive the pipeline.
//
// Invariants while sequencer_mutex_ is free:
//  (1) head_ is the recovered state plus every record in the log, in log order.
//  (2) The rows of a growing run beyond what head_ shows were never logged.
//  (3) Every row of head_ is in every unique index of its table.
class CommitPipeline {
 public:
  struct Counters {
    std::atomic<uint64_t> commits{0};
    std::atomic<uint64_t> conflicts{0};
    std::atomic<uint64_t> rows_appended{0};
  };

  CommitPipeline(WalWriter& wal, StateStore& states, UniqueIndexes& indexes, MemoryBudget& budget,
                 const Clock& clock, uint32_t run_rows_max, DatabaseStatePtr recovered);

  // Returns the record's number; the batch happens when it is acknowledged, and not at all if this
  // fails. Errors: kConflict, kUniqueViolation, kOutOfMemory, kDiskFull, kTooLarge; those of
  // CatalogState::Apply when nobody else changed the catalog; kIoError once the log is poisoned.
  Result<Lsn> Submit(WriteBatch& batch) LUMA_EXCLUDES(sequencer_mutex_);
  // Blocks until the record is acknowledged and its state is published. Errors: kIoError: the log
  // is poisoned and the outcome unknown until a restart.
  Status WaitPublished(Lsn lsn);
  // The same without blocking; `done` runs on the log's thread.
  void OnPublished(Lsn lsn, std::function<void(Status)> done);

  // Logs counters without waiting: Sequences::Log.
  Result<Lsn> LogSequences(std::span<const Sequences::Record> records)
      LUMA_EXCLUDES(sequencer_mutex_);

  // Runs `work` between two commits. Both must be short.
  DatabaseStatePtr HeadWhile(const std::function<void()>& work) LUMA_EXCLUDES(sequencer_mutex_);
  DatabaseStatePtr head() LUMA_EXCLUDES(sequencer_mutex_);
  // The newest state and the number of the last record in the log.
  std::pair<DatabaseStatePtr, Lsn> HeadAndLsn() LUMA_EXCLUDES(sequencer_mutex_);
  // Replaces the newest state by one with the same rows in other runs: sealing and flushing. If
  // `change` returns false nothing happens. Returns the number of the last record it contains.
  Lsn Rearrange(const std::function<bool(DatabaseState&)>& change) LUMA_EXCLUDES(sequencer_mutex_);

  // While a run is frozen, deletes of its rows are refused with kConflict: its order is about to
  // change on disk.
  using RunKey = std::pair<ObjectId, RunId>;
  // Returns the newest state and the number of the last record in the log, as HeadAndLsn.
  std::pair<DatabaseStatePtr, Lsn> Freeze(const std::set<RunKey>& runs)
      LUMA_EXCLUDES(sequencer_mutex_);
  void Unfreeze(const std::set<RunKey>& runs) LUMA_EXCLUDES(sequencer_mutex_);

  bool poisoned() const { return poisoned_.load(std::memory_order_relaxed); }
  const Counters& counters() const { return counters_; }

 private:
  // Where the rows of one TableWrite go; decided, with the room made, before the log is written.
  struct Placement {
    HotRunPtr run;
    uint32_t first_position = 0;
    bool starts_run = false;  // what grew before is sealed first
    bool adopts = false;      // the batch's own chunks become the run
  };

  Status Validate(const WriteBatch& batch) LUMA_REQUIRES(sequencer_mutex_);
  Status ValidateTable(const TableWrite& write) LUMA_REQUIRES(sequencer_mutex_);
  Status ValidateDeletes(const TableWrite& write, const TableVersion& now)
      LUMA_REQUIRES(sequencer_mutex_);
  Status ValidateKeys(const TableWrite& write, const TableVersion& now)
      LUMA_REQUIRES(sequencer_mutex_);
  Status ValidateConstraint(const TableWrite& write, const BatchKeys& keys, const TableVersion& now,
                            UniqueIndex& index) LUMA_REQUIRES(sequencer_mutex_);
  Result<CatalogStatePtr> NextCatalog(const WriteBatch& batch, CommitNumber commit)
      LUMA_REQUIRES(sequencer_mutex_);
  Result<Placement> Place(const TableWrite& write) LUMA_REQUIRES(sequencer_mutex_);
  Status CheckIndexRoom(const TableWrite& write) LUMA_REQUIRES(sequencer_mutex_);
  Status PlaceAll(WriteBatch& batch, std::vector<Placement>& placements)
      LUMA_REQUIRES(sequencer_mutex_);

  void Apply(const WriteBatch& batch, std::span<const Placement> placements,
             CatalogStatePtr catalog, CommitNumber commit) LUMA_REQUIRES(sequencer_mutex_);
  void AppendRows(const TableWrite& write, const Placement& placement, TableVersion& version)
      LUMA_REQUIRES(sequencer_mutex_);
  void AddKeys(const TableWrite& write, const Placement& placement) LUMA_REQUIRES(sequencer_mutex_);
  void SetHead(DatabaseState next, Lsn lsn) LUMA_REQUIRES(sequencer_mutex_);

  Status Reserve(uint64_t bytes) LUMA_REQUIRES(sequencer_mutex_);
  Status Refused(Status status);             // counts it
  Status Conflict(std::string_view change);  // what changed concurrently
  Status Poison(const Status& status);

  WalWriter& wal_;
  StateStore& states_;
  UniqueIndexes& indexes_;
  const MemoryAccount account_;
  const Clock& clock_;
  const uint32_t run_rows_max_;
  Counters counters_;
  std::atomic<bool> poisoned_{false};

  Mutex sequencer_mutex_;  // outermost but for Sequences'; then indexes, state store, log
  DatabaseStatePtr head_ LUMA_GUARDED_BY(sequencer_mutex_);
  Lsn last_lsn_ LUMA_GUARDED_BY(sequencer_mutex_);
  // Of the last commit: times never go back, whatever the clock does.
  UnixMillis committed_at_ LUMA_GUARDED_BY(sequencer_mutex_) = 0;
  std::set<RunKey> frozen_ LUMA_GUARDED_BY(sequencer_mutex_);
};

}  // namespace luma::storage
