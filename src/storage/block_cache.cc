#include "storage/block_cache.h"

#include <utility>

#include "base/hash.h"

namespace luma::storage {

size_t BlockCache::KeyHash::operator()(const CachedBlockKey& key) const {
  const uint64_t place = (static_cast<uint64_t>(key.column) << 32) | key.block;
  return Hash64({reinterpret_cast<const std::byte*>(&place), sizeof(place)}, key.segment);
}

Result<DecodedBlockPtr> BlockCache::Get(const CachedBlockKey& key, const Load& load) {
  Shard& shard = shards_[KeyHash()(key) % kShardCount];
  if (DecodedBlockPtr block = Find(shard, key)) return block;
  LUMA_ASSIGN_OR_RETURN(DecodedBlockPtr block, load());
  Keep(shard, key, block);
  return block;
}

DecodedBlockPtr BlockCache::Find(Shard& shard, const CachedBlockKey& key) {
  MutexLock lock(shard.mutex);
  const auto found = shard.by_key.find(key);
  if (found == shard.by_key.end()) return nullptr;
  shard.entries.splice(shard.entries.begin(), shard.entries, found->second);
  return found->second->block;
}

void BlockCache::Keep(Shard& shard, const CachedBlockKey& key, const DecodedBlockPtr& block) {
  const uint64_t bytes = block->memory_bytes();
  Result<BudgetLease> lease = budget_.Book(BudgetUse::kCache, bytes);
  if (!lease.ok()) return;
  std::list<Entry> evicted;  // freed after unlocking
  MutexLock lock(shard.mutex);
  if (shard.by_key.contains(key)) return;
  shard.entries.push_front({key, block, std::move(lease).value()});
  shard.by_key[key] = shard.entries.begin();
  shard.bytes += bytes;
  while (shard.bytes > shard_bytes_max_) {
    const auto last = std::prev(shard.entries.end());
    shard.bytes -= last->lease.bytes();
    shard.by_key.erase(last->key);
    evicted.splice(evicted.end(), shard.entries, last);
  }
}

}  // namespace luma::storage
