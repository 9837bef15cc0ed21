#include "storage/unique_index.h"

#include <algorithm>
#include <utility>

namespace luma::storage {

Status UniqueIndex::CheckRoom(uint64_t count) const {
  uint64_t bytes = 0;
  // Hashes are even: each shard gets its share.
  for (const Shard& shard : shards_) bytes += shard.GrowthBytes(count / kShardCount + 1);
  return budget_.Book(BudgetUse::kIndexes, bytes).status();
}

void UniqueIndex::Insert(uint64_t hash, IndexedRow row) { ShardOf(hash).Insert(hash, row); }

void UniqueIndex::Find(uint64_t hash, std::vector<IndexedRow>& rows) const {
  ShardOf(hash).Find(hash, rows);
}

void UniqueIndex::Sweep(const std::function<bool(IndexedRow)>& is_dead) {
  for (Shard& shard : shards_) shard.Sweep(is_dead);
}

void UniqueIndex::SweepKey(uint64_t hash, const std::function<bool(IndexedRow)>& is_dead) {
  ShardOf(hash).SweepKey(hash, is_dead);
}

uint64_t UniqueIndex::size() const {
  uint64_t size = 0;
  for (const Shard& shard : shards_) size += shard.size();
  return size;
}

void UniqueIndex::Shard::Insert(uint64_t hash, IndexedRow row) {
  MutexLock lock(mutex_);
  const size_t slots = SlotsFor(slots_.size(), used_ + 1);
  if (slots > slots_.size()) Rebuild(std::vector<Entry>(slots_), slots);
  Put(Entry(hash, row));
}

size_t UniqueIndex::Shard::SlotsFor(size_t slots, uint64_t entries) {
  while (entries * 4 > slots * 3) slots = std::max<size_t>(slots * 2, 16);
  return slots;
}

uint64_t UniqueIndex::Shard::GrowthBytes(uint64_t count) const {
  MutexLock lock(mutex_);
  return (SlotsFor(slots_.size(), used_ + count) - slots_.size()) * sizeof(Entry);
}

void UniqueIndex::Shard::Put(const Entry& entry) {
  size_t slot = HomeOf(entry.hash());
  while (!slots_[slot].is_free()) {
    if (slots_[slot] == entry) return;
    slot = Next(slot);
  }
  slots_[slot] = entry;
  ++used_;
}

void UniqueIndex::Shard::Rebuild(const std::vector<Entry>& entries, size_t slots) {
  lease_ = budget_->BookAlways(BudgetUse::kIndexes, slots * sizeof(Entry));
  slots_ = std::vector<Entry>(slots);
  used_ = 0;
  for (const Entry& entry : entries) {
    if (!entry.is_free()) Put(entry);
  }
}

void UniqueIndex::Shard::Find(uint64_t hash, std::vector<IndexedRow>& rows) const {
  MutexLock lock(mutex_);
  if (slots_.empty()) return;
  for (size_t slot = HomeOf(hash); !slots_[slot].is_free(); slot = Next(slot)) {
    if (slots_[slot].HasHash(hash)) rows.push_back(slots_[slot].row());
  }
}

void UniqueIndex::Shard::Sweep(const std::function<bool(IndexedRow)>& is_dead) {
  MutexLock lock(mutex_);
  std::vector<Entry> kept;
  kept.reserve(used_);
  for (const Entry& entry : slots_) {
    if (!entry.is_free() && !is_dead(entry.row())) kept.push_back(entry);
  }
  size_t slots = 16;
  while (kept.size() * 2 > slots) slots *= 2;
  Rebuild(kept, slots);
}

void UniqueIndex::Shard::SweepKey(uint64_t hash, const std::function<bool(IndexedRow)>& is_dead) {
  MutexLock lock(mutex_);
  if (slots_.empty()) return;
  size_t slot = HomeOf(hash);
  while (!slots_[slot].is_free()) {
    // An erased slot is filled from behind, so the same slot is looked at again.
    if (slots_[slot].HasHash(hash) && is_dead(slots_[slot].row())) {
      EraseSlot(slot);
    } else {
      slot = Next(slot);
    }
  }
}

void UniqueIndex::Shard::EraseSlot(size_t slot) {
  --used_;
  size_t hole = slot;
  for (size_t next = Next(hole); !slots_[next].is_free(); next = Next(next)) {
    // An entry may move to the hole unless its home lies between the hole and itself.
    const size_t mask = slots_.size() - 1;
    const size_t from_home = (next - HomeOf(slots_[next].hash())) & mask;
    const size_t from_hole = (next - hole) & mask;
    if (from_home < from_hole) continue;
    slots_[hole] = slots_[next];
    hole = next;
  }
  slots_[hole] = Entry();
}

uint64_t UniqueIndex::Shard::size() const {
  MutexLock lock(mutex_);
  return used_;
}

}  // namespace luma::storage
