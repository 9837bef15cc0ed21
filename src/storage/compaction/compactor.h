// Merges segment files: picks runs, merges them, puts the result in their place. See
// docs/adr/0003-merges-keep-the-id-of-their-youngest-run.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "storage/compaction/compaction_policy.h"
#include "storage/compaction/run_merger.h"
#include "storage/flusher.h"
#include "storage/retention/table_expiry.h"
#include "storage/state_store.h"
#include "storage/unique_indexes.h"

namespace luma::storage {

// Threads: every method from any thread; merges run one at a time, beside flushes and commits.
// Lifetime: references must outlive it.
class Compactor {
 public:
  struct Parts {
    io::FileSystem& fs;
    DataDirectory directory;
    Flusher& flusher;
    StateStore& states;
    UniqueIndexes& indexes;
    MemoryBudget& budget;
    TableExpiry& expiry;
    BlockCache* cache;
  };
  explicit Compactor(Parts parts) : parts_(std::move(parts)) {}

  // Does the next merge. False when none is due. Errors: those of MergeRuns and Flusher::Install
  // but kConflict, and kDiskFull when the disk has too little room; nothing has changed then. Later
  // calls turn to the other tables first; a table with a damaged segment is merged no more.
  Result<bool> MergeOnce(const MergePolicy& policy, const MergePace& pace) LUMA_EXCLUDES(mutex_);

  // Rewrites one run, which is mergeable, without its deleted rows. Errors: as MergeOnce, and
  // kConflict when the run is gone.
  Status Rewrite(CatalogObjectPtr table, RunVersionPtr run, const MergePolicy& policy,
                 const MergePace& pace) LUMA_EXCLUDES(mutex_);

 private:
  struct Choice {
    CatalogObjectPtr table;
    std::vector<RunVersionPtr> inputs;
  };

  // Of the tables with something to merge the one whose last failure is the longest ago.
  std::optional<Choice> Choose(const MergePolicy& policy) LUMA_REQUIRES(mutex_);
  void NoteFailure(ObjectId table, const Status& status) LUMA_REQUIRES(mutex_);
  Status CheckDiskRoom(const MergePolicy& policy, const Choice& choice) LUMA_REQUIRES(mutex_);
  Status Merge(Choice choice, const MergePace& pace) LUMA_REQUIRES(mutex_);
  // Adds the merged rows to the unique indexes of their table. `indexed`: those that have some, all
  // of them unless it fails.
  Status IndexKeys(const CatalogObject& table, const MergedRun& merged,
                   std::vector<UniqueIndexes::EntryPtr>& indexed) LUMA_REQUIRES(mutex_);

  const Parts parts_;
  Mutex mutex_;  // taken before every other
  // By table: the number of its last failure, kGivenUp for a damaged one. Otherwise one table that
  // cannot be merged would keep all others from it, and be read and written again and again.
  std::map<ObjectId, uint64_t> failed_ LUMA_GUARDED_BY(mutex_);
  uint64_t failures_ LUMA_GUARDED_BY(mutex_) = 0;
};

}  // namespace luma::storage
