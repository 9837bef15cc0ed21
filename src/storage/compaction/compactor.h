// Merges segment files: picks runs, merges them, puts the result in their place. See
// docs/adr/0003-merges-keep-the-id-of-their-youngest-run.md.
#pragma once

#include <optional>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "storage/compaction/compaction_policy.h"
#include "storage/compaction/run_merger.h"
#include "storage/flusher.h"
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
    BlockCache* cache;
  };
  explicit Compactor(Parts parts) : parts_(std::move(parts)) {}

  // Does the next merge. False when none is due. Errors: those of MergeRuns and Flusher::Install
  // but kConflict, and kDiskFull when the disk has too little room; nothing has changed then, and
  // the next call tries again.
  Result<bool> MergeOnce(const MergePolicy& policy, const MergePace& pace) LUMA_EXCLUDES(mutex_);

 private:
  struct Choice {
    CatalogObjectPtr table;
    std::vector<RunVersionPtr> inputs;
  };

  std::optional<Choice> Choose(const MergePolicy& policy) LUMA_REQUIRES(mutex_);
  Status CheckDiskRoom(const MergePolicy& policy, const Choice& choice) LUMA_REQUIRES(mutex_);
  Status Merge(Choice choice, const MergePace& pace) LUMA_REQUIRES(mutex_);
  // Adds the merged rows to the unique indexes of their table; returns which these are.
  Result<std::vector<UniqueIndexes::EntryPtr>> IndexKeys(const CatalogObject& table,
                                                         const MergedRun& merged)
      LUMA_REQUIRES(mutex_);

  const Parts parts_;
  Mutex mutex_;  // taken before every other
};

}  // namespace luma::storage
