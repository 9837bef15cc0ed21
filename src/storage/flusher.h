// Moves hot rows to segment files and the start of the log behind them, and puts runs that were
// merged, or moved to the cold tier, in the place of those they were made from.
//
//   seal -> wait for the log -> write segments -> freeze runs whose rows move -> manifest edit
//        -> put the runs on disk in the place of those in memory -> truncate the log
//
// A crash at any step leaves either the old checkpoint with a log that has the rows, or the new
// one; files that no manifest names are removed at the next start.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "storage/backup/backup_source.h"
#include "storage/checkpoint_edit.h"
#include "storage/cold/cooled_run.h"
#include "storage/commit_pipeline.h"
#include "storage/compaction/run_merger.h"
#include "storage/data_directory.h"
#include "storage/manifest/manifest.h"
#include "storage/run_flush.h"
#include "storage/sequences.h"
#include "storage/wal/wal_writer.h"

namespace luma::storage {

// Threads: every method from any thread; flushes run one at a time. Lifetime: references must
// outlive it.
class Flusher {
 public:
  struct Parts {
    io::FileSystem& fs;
    DataDirectory directory;
    Manifest& manifest;
    WalWriter& wal;
    CommitPipeline& pipeline;
    StateStore& states;
    UniqueIndexes& indexes;
    Sequences& sequences;
    const std::atomic<uint32_t>& next_object_id;
    MemoryBudget& budget;
    BlockCache* cache;
  };
  // `checkpoint` and `replay_from` are what the manifest says, `epoch` its writer's.
  Flusher(Parts parts, DatabaseStatePtr checkpoint, Lsn replay_from, uint64_t epoch)
      : parts_(std::move(parts)),
        epoch_(epoch),
        checkpoint_(std::move(checkpoint)),
        replay_from_(replay_from) {}

  // Every row that is committed when it is called. Afterwards the log is needed only for what came
  // later. Errors: kDiskFull, kIoError, kCorruption: nothing is lost, all rows stay readable, and
  // the next call tries again.
  Status FlushAll() LUMA_EXCLUDES(mutex_);
  // Only the runs that get no more rows; the log keeps its length. Errors: as FlushAll.
  Status FlushSealed() LUMA_EXCLUDES(mutex_);
  // The same after sealing the rows that one table has in memory.
  Status FlushTable(ObjectId table) LUMA_EXCLUDES(mutex_);

  // By table: runs on disk with a smaller id have no rows in the log, so that no replay makes them
  // again once they are merged. Empty until the first FlushAll since the start.
  std::map<ObjectId, RunId> MergeableBefore() LUMA_EXCLUDES(mutex_);
  // "table-run-epoch-number", the last two in hexadecimal: unique over restarts and attempts, so
  // that no file name and no object key is ever used twice.
  std::string NextFileStem(ObjectId table, RunId run);
  std::string NextSegmentName(ObjectId table, RunId run) {
    return NextFileStem(table, run) + ".seg";
  }
  uint64_t epoch() const { return epoch_; }
  // As Manifest::KeepEpoch.
  Status KeepEpoch() const { return parts_.manifest.KeepEpoch(); }
  // Replaces the inputs of the merge, which are mergeable, by the merged run. Its keys are in the
  // unique indexes `indexed` already. Errors: kConflict when an input is gone; those of FlushAll.
  // Nothing has changed then; the file goes, and the keys leave the indexes.
  Status Install(const MergedRun& merged, std::vector<UniqueIndexes::EntryPtr> indexed)
      LUMA_EXCLUDES(mutex_);

  // The newest checkpoint with its files and the log behind it, held readable. Waits for a flush
  // that is under way. Errors: those of FlushAll, when an earlier one left its outcome open.
  Result<PinnedCheckpoint> Pin() LUMA_EXCLUDES(mutex_);

  // Takes away runs of a table that are on disk and mergeable, whatever tier they are in; their
  // files go with the last reader. Deletes of their rows are refused from then on. Errors:
  // kConflict when one of them is gone or was merged; those of FlushAll. Nothing has changed then.
  Status DropRuns(ObjectId table, std::span<const RunVersionPtr> runs) LUMA_EXCLUDES(mutex_);
  // Puts the cold run in the place of its source, whose deletes it takes over. Errors: kConflict
  // when the source is gone; those of FlushAll. Nothing has changed then, and the objects go.
  Status Install(const CooledRun& cooled) LUMA_EXCLUDES(mutex_);

  // Flushes that did something.
  uint64_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  using RunKey = CommitPipeline::RunKey;

  // The next checkpoint and what leads to it.
  struct Plan {
    Lsn replay_from = kNoLsn;
    bool drops_dead_runs = false;  // see IsDroppable
    std::vector<FlushedRun> flushed = {};
    const MergedRun* merged = nullptr;
    std::vector<UniqueIndexes::EntryPtr> indexed = {};  // have the keys of the merged run
    RunVersionPtr merged_version = nullptr;             // with the deletes it has in `after`
    std::map<RunKey, RunVersionPtr> dropped = {};
    const CooledRun* cooled = nullptr;
    std::set<RunKey> moved = {};    // runs whose rows have new positions
    std::vector<RunKey> dead = {};  // runs without live rows, not to be kept
    DatabaseStatePtr after = nullptr;
    ManifestEdit edit = {};
  };
  // By table: the indexes that have the keys of all moved rows under their new positions.
  using PreparedIndexes = std::map<ObjectId, std::vector<UniqueIndexes::EntryPtr>>;

  Status Flush(Plan plan) LUMA_REQUIRES(mutex_);
  // From preparation to the new state in memory.
  Status MakeCheckpoint(Plan& plan) LUMA_REQUIRES(mutex_);
  // Makes sure that the manifest is without the edit whose outcome is unknown, if there is one.
  Status Settle() LUMA_REQUIRES(mutex_);
  // Everything up to the manifest edit; what it did is undone by Abandon.
  Status Prepare(Plan& plan) LUMA_REQUIRES(mutex_);
  void Abandon(const Plan& plan) LUMA_REQUIRES(mutex_);
  // The entries of a merged run that will be in no state would never be swept.
  static void RemoveMergedKeys(const Plan& plan);
  static std::vector<StoredRunPtr> NewFiles(const Plan& plan);
  // The name of a failpoint: "flush.before_manifest", "compaction....", "cold....",
  // "retention....".
  static std::string PointOf(const Plan& plan, std::string_view step);
  static bool IsDropped(const Plan& plan, ObjectId table, const RunVersion& run);
  static bool HasDropped(const Plan& plan, const DatabaseState& head);
  Status WaitForLog(Lsn lsn) LUMA_REQUIRES(mutex_);
  Status WriteSegments(const DatabaseState& head, Plan& plan) LUMA_REQUIRES(mutex_);
  // Freezes moved runs and completes the plan.
  Status PlanCheckpoint(Plan& plan) LUMA_REQUIRES(mutex_);
  // Gives the merged run the deletes that its inputs have in `head`.
  Status PlanMerge(const DatabaseState& head, Plan& plan) const LUMA_REQUIRES(mutex_);
  std::vector<Sequences::Record> CountersFor(const DatabaseState& head) const LUMA_REQUIRES(mutex_);
  DatabaseState CheckpointOf(const DatabaseState& head, Plan& plan) const LUMA_REQUIRES(mutex_);
  Status WriteManifest(Plan& plan) LUMA_REQUIRES(mutex_);
  // From here on memory has to follow the manifest, so nothing can fail but the log.
  Status SwapRuns(Plan& plan) LUMA_REQUIRES(mutex_);
  // Before readers see the new positions of moved rows, the unique indexes must have them.
  PreparedIndexes AddMovedKeys(Plan& plan) const LUMA_REQUIRES(mutex_);
  void AddResortedKeys(const FlushedRun& flushed,
                       std::span<const UniqueIndexes::EntryPtr> entries) const
      LUMA_REQUIRES(mutex_);
  void AddMergedKeys(Plan& plan, std::span<const UniqueIndexes::EntryPtr> entries) const
      LUMA_REQUIRES(mutex_);
  // False when a unique index has appeared since they were prepared.
  bool SwapRunsIn(DatabaseState& state, const Plan& plan, const PreparedIndexes& prepared) const;
  static void SwapMergedIn(DatabaseState& state, const Plan& plan);
  static void SwapCooledIn(DatabaseState& state, const Plan& plan);
  // Old positions of moved rows leave the unique indexes once no snapshot needs them.
  void SweepIndexes(const Plan& plan) LUMA_REQUIRES(mutex_);
  void ReleaseFiles(const Plan& plan) LUMA_REQUIRES(mutex_);

  const Parts parts_;
  const uint64_t epoch_;
  std::atomic<uint64_t> count_{0};
  std::atomic<uint64_t> files_begun_{0};

  Mutex mutex_;                                          // taken before every other
  DatabaseStatePtr checkpoint_ LUMA_GUARDED_BY(mutex_);  // what the manifest has
  Lsn replay_from_ LUMA_GUARDED_BY(mutex_);
  std::map<ObjectId, RunId> mergeable_before_ LUMA_GUARDED_BY(mutex_);
  // Of the edit whose outcome is unknown, until Settle: its files must stay, since the manifest may
  // name them after a restart, and its moved runs stay frozen, since their rows may have moved.
  std::vector<StoredRunPtr> undecided_ LUMA_GUARDED_BY(mutex_);
  std::set<RunKey> undecided_moved_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::storage
