// The unique indexes of all tables: built at first use, then kept up to date by the sequencer.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "storage/database_state.h"
#include "storage/unique_index.h"

namespace luma::storage {

// Runs its argument while no commit can be sequenced; returns the newest sequenced state.
using HeadWhile = std::function<DatabaseStatePtr(const std::function<void()>&)>;

// Threads: every method from any thread.
class UniqueIndexes {
 public:
  // An index and how far back it reaches.
  struct Entry {
    Entry(std::vector<ColumnId> columns, MemoryBudget& budget)
        : index(std::move(columns), budget) {}
    UniqueIndex index;
    // Covers every state from this DatabaseState::version() on; see AddVersion for older ones.
    uint64_t covers_from = 0;            // set before it is ready
    std::atomic<uint64_t> rows_gone{0};  // deleted since the last sweep: entries that may be dead
    std::atomic<bool> is_sweeping{false};
    // No longer kept up to date, so no commit may be validated with it.
    std::atomic<bool> is_forgotten{false};
    enum class Phase : uint8_t { kBuilding, kReady, kFailed };
    Phase phase = Phase::kBuilding;  // guarded by the registry's mutex
  };
  using EntryPtr = std::shared_ptr<Entry>;

  explicit UniqueIndexes(MemoryBudget& budget) : budget_(budget) {}

  // The index over `columns` of the table; scans the table if there is none yet, otherwise waits
  // for who does. Call it without locks held. Errors: kIoError, kCorruption, kOutOfMemory.
  Result<EntryPtr> Get(ObjectId table, const TableSchema& schema,
                       const std::vector<ColumnId>& columns, const HeadWhile& head_while)
      LUMA_EXCLUDES(mutex_);
  // Indexes of the table, those being built included: the sequencer must add new rows to all.
  std::vector<EntryPtr> Of(ObjectId table) const LUMA_EXCLUDES(mutex_);
  void Drop(ObjectId table) LUMA_EXCLUDES(mutex_);
  // The next Get builds anew; who holds the entry may go on reading older states with it.
  void Forget(ObjectId table, const EntryPtr& entry) LUMA_EXCLUDES(mutex_);

  // False when a column of the index was dropped, and its constraint with it.
  static bool Fits(const UniqueIndex& index, const TableSchema& schema);
  // Adds all rows of `version`, deleted ones included, under the layout of their run. Needed for a
  // reader whose state is older than covers_from. Errors: kIoError, kCorruption, kOutOfMemory.
  static Status AddVersion(UniqueIndex& index, const TableSchema& schema,
                           const TableVersion& version);
  // The same for one run.
  static Status AddRun(UniqueIndex& index, const TableSchema& schema, const RunVersion& run);
  // Takes back what AddRun added, of a run that no state will ever have.
  static void RemoveRun(UniqueIndex& index, const Run& run);
  // Removes dead entries if they are many. `oldest` is StateStore::Oldest().
  static void MaybeSweep(Entry& entry, ObjectId table, const DatabaseState& oldest);
  // Whether no snapshot from `oldest` on can see the row.
  static bool IsDead(IndexedRow row, const TableVersion* oldest);

 private:
  EntryPtr Find(ObjectId table, const std::vector<ColumnId>& columns) const LUMA_REQUIRES(mutex_);
  Status Build(ObjectId table, const TableSchema& schema, Entry& entry, const DatabaseState& head);
  void Finish(ObjectId table, const EntryPtr& entry, Entry::Phase phase) LUMA_EXCLUDES(mutex_);

  MemoryBudget& budget_;
  mutable Mutex mutex_;  // taken after the sequencer's, never before
  CondVar phase_changed_;
  std::map<ObjectId, std::vector<EntryPtr>> entries_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::storage
