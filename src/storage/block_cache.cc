#include "storage/block_cache.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"

namespace luma::storage {
namespace {

// The block with what is booked for it.
DecodedBlockPtr Booked(DecodedBlockPtr block, BudgetLease lease) {
  struct BookedBlock {
    BudgetLease lease;
    DecodedBlockPtr block;  // goes first
  };
  auto booked = std::make_shared<BookedBlock>(std::move(lease), std::move(block));
  return DecodedBlockPtr(booked, booked->block.get());
}

}  // namespace

size_t BlockCache::KeyHash::operator()(const CachedBlockKey& key) const {
  const uint64_t place = (static_cast<uint64_t>(key.column) << 32) | key.block;
  return Hash64({reinterpret_cast<const std::byte*>(&place), sizeof(place)}, key.segment);
}

Result<DecodedBlockPtr> BlockCache::Get(const CachedBlockKey& key, const Load& load) {
  const size_t shard = KeyHash()(key) % kShardCount;
  if (DecodedBlockPtr block = Find(shards_[shard], key)) return block;
  LUMA_ASSIGN_OR_RETURN(DecodedBlockPtr block, load());
  const uint64_t bytes = block->memory_bytes();
  Result<BudgetLease> lease = budget_.Book(BudgetUse::kCache, bytes);
  if (!lease.ok()) {
    return Booked(std::move(block), budget_.BookAlways(BudgetUse::kDecode, bytes));
  }
  block = Booked(std::move(block), std::move(lease).value());
  Keep(shard, {key, block, bytes});
  return block;
}

DecodedBlockPtr BlockCache::Find(Shard& shard, const CachedBlockKey& key) {
  MutexLock lock(shard.mutex);
  const auto found = shard.by_key.find(key);
  if (found == shard.by_key.end()) return nullptr;
  shard.entries.splice(shard.entries.begin(), shard.entries, found->second);
  return found->second->block;
}

void BlockCache::Keep(size_t own, Entry entry) {
  {
    Shard& shard = shards_[own];
    MutexLock lock(shard.mutex);
    if (shard.by_key.contains(entry.key)) return;
    shard.bytes += entry.bytes;
    bytes_ += entry.bytes;
    shard.entries.push_front(std::move(entry));
    shard.by_key[shard.entries.front().key] = shard.entries.begin();
  }
  // The shard of the new block last, so that the new block stays if it can.
  for (size_t i = 1; i <= kShardCount && bytes_ > bytes_max_; ++i) {
    Shard& shard = shards_[(own + i) % kShardCount];
    std::list<Entry> evicted;  // freed after unlocking
    MutexLock lock(shard.mutex);
    evicted = Evict(shard, shard_bytes_max_, bytes_max_);
  }
}

std::list<BlockCache::Entry> BlockCache::Evict(Shard& shard, uint64_t shard_bytes_max,
                                               uint64_t bytes_max) {
  std::list<Entry> evicted;
  while (shard.bytes > shard_bytes_max && bytes_ > bytes_max) {
    const auto last = std::prev(shard.entries.end());
    shard.bytes -= last->bytes;
    bytes_ -= last->bytes;
    shard.by_key.erase(last->key);
    evicted.splice(evicted.end(), shard.entries, last);
  }
  return evicted;
}

void BlockCache::Shrink(uint64_t bytes) {
  const uint64_t share = bytes / kShardCount + 1;
  for (Shard& shard : shards_) {
    std::list<Entry> evicted;  // freed after unlocking
    MutexLock lock(shard.mutex);
    evicted = Evict(shard, shard.bytes - std::min(shard.bytes, share), 0);
  }
}

}  // namespace luma::storage
