// Finds rows by the hash of their key: one per unique constraint, in memory only.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/mutex.h"
#include "model/schema.h"
#include "storage/budget.h"
#include "storage/run_version.h"

namespace luma::storage {

// A row as the index knows it: its run, the layout its position belongs to, its position.
struct IndexedRow {
  uint32_t run_number = 0;
  uint32_t position = 0;
  uint16_t layout = 0;  // modulo 2^16

  static uint16_t LayoutOf(const Run& run) { return static_cast<uint16_t>(run.layout()); }
  static IndexedRow Of(const Run& run, uint32_t position) {
    return {static_cast<uint32_t>(run.id()), position, LayoutOf(run)};
  }
  RunId run() const { return RunId{run_number}; }
  // Whether the layout came after that of `run`, being less than 2^15 merges away from it.
  bool IsNewerThan(const Run& run) const {
    return static_cast<int16_t>(static_cast<uint16_t>(layout - LayoutOf(run))) > 0;
  }
  bool operator==(const IndexedRow&) const = default;
};

// A hint, never the truth: for every row that some snapshot in use can see and whose key has no
// null it has an entry; it also has entries of rows that are gone, or never came because a merge
// failed. Whoever looks up tests whether the row is visible to him and compares the key.
// Threads: every method from any thread.
class UniqueIndex {
 public:
  // Its memory is booked as kIndexes, beyond the limit if need be, since Insert must not fail.
  UniqueIndex(std::vector<ColumnId> columns, MemoryBudget& budget)
      : columns_(std::move(columns)), budget_(budget) {
    for (Shard& shard : shards_) shard.set_budget(budget);
  }
  const std::vector<ColumnId>& columns() const { return columns_; }

  // Whether the budget has room for `count` more entries: ask before many are added.
  // Errors: kOutOfMemory.
  Status CheckRoom(uint64_t count) const;
  // Adding an entry twice is harmless.
  void Insert(uint64_t hash, IndexedRow row);
  // Appends the rows with this hash to `rows`.
  void Find(uint64_t hash, std::vector<IndexedRow>& rows) const;
  // Removes the entries that `is_dead` says no snapshot will ever ask for.
  void Sweep(const std::function<bool(IndexedRow)>& is_dead);
  // The same for the entries of one hash: keeps a key that is replaced over and over cheap.
  void SweepKey(uint64_t hash, const std::function<bool(IndexedRow)>& is_dead);

  uint64_t size() const;

 private:
  // 16 bytes: the upper 16 bits of the hash, of which four chose the shard, give way to the layout.
  class Entry {
   public:
    Entry() = default;
    Entry(uint64_t hash, IndexedRow row)
        : hash_and_layout_((hash & kHashMask) | (uint64_t{row.layout} << kHashBits)),
          run_(row.run_number),
          position_(row.position) {}

    bool is_free() const { return run_ == 0; }
    bool HasHash(uint64_t hash) const { return ((hash_and_layout_ ^ hash) & kHashMask) == 0; }
    uint64_t hash() const { return hash_and_layout_ & kHashMask; }
    IndexedRow row() const {
      return {run_, position_, static_cast<uint16_t>(hash_and_layout_ >> kHashBits)};
    }
    bool operator==(const Entry&) const = default;

   private:
    static constexpr int kHashBits = 48;
    static constexpr uint64_t kHashMask = (uint64_t{1} << kHashBits) - 1;

    uint64_t hash_and_layout_ = 0;
    uint32_t run_ = 0;  // 0: free
    uint32_t position_ = 0;
  };
  static_assert(sizeof(Entry) == 16);

  // Open addressing with linear probing, at most 3/4 full, in 16 shards so that growing one stops
  // the sequencer for a sixteenth of the time.
  class Shard {
   public:
    void set_budget(MemoryBudget& budget) { budget_ = &budget; }
    void Insert(uint64_t hash, IndexedRow row) LUMA_EXCLUDES(mutex_);
    void Find(uint64_t hash, std::vector<IndexedRow>& rows) const LUMA_EXCLUDES(mutex_);
    void Sweep(const std::function<bool(IndexedRow)>& is_dead) LUMA_EXCLUDES(mutex_);
    void SweepKey(uint64_t hash, const std::function<bool(IndexedRow)>& is_dead)
        LUMA_EXCLUDES(mutex_);
    uint64_t size() const LUMA_EXCLUDES(mutex_);
    // By how much it grows at `count` more entries.
    uint64_t GrowthBytes(uint64_t count) const LUMA_EXCLUDES(mutex_);

   private:
    size_t Next(size_t slot) const LUMA_REQUIRES(mutex_) {
      return (slot + 1) & (slots_.size() - 1);
    }
    // The slots, of which there are `slots` now, that hold `entries` with room to spare.
    static size_t SlotsFor(size_t slots, uint64_t entries);
    size_t HomeOf(uint64_t hash) const LUMA_REQUIRES(mutex_) { return hash & (slots_.size() - 1); }
    void Put(const Entry& entry) LUMA_REQUIRES(mutex_);
    void Rebuild(const std::vector<Entry>& entries, size_t slots) LUMA_REQUIRES(mutex_);
    void EraseSlot(size_t slot) LUMA_REQUIRES(mutex_);

    MemoryBudget* budget_ = nullptr;
    mutable Mutex mutex_;
    BudgetLease lease_ LUMA_GUARDED_BY(mutex_);
    std::vector<Entry> slots_ LUMA_GUARDED_BY(mutex_);  // a power of two of them, or none
    size_t used_ LUMA_GUARDED_BY(mutex_) = 0;
  };

  static constexpr size_t kShardCount = 16;
  Shard& ShardOf(uint64_t hash) { return shards_[hash >> 60]; }
  const Shard& ShardOf(uint64_t hash) const { return shards_[hash >> 60]; }

  const std::vector<ColumnId> columns_;
  MemoryBudget& budget_;
  std::array<Shard, kShardCount> shards_;
};

}  // namespace luma::storage
