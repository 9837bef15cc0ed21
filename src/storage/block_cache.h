// Decoded blocks of segment files, kept while there is room: a key lookup or a second scan finds
// them without reading and decoding again.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <unordered_map>

#include "base/mutex.h"
#include "base/status.h"
#include "encoding/decoded_block.h"
#include "model/schema.h"
#include "storage/budget.h"

namespace luma::storage {

using DecodedBlockPtr = std::shared_ptr<const encoding::DecodedBlock>;

// Names a block for ever: segments get numbers that are never used twice by one process.
struct CachedBlockKey {
  uint64_t segment = 0;
  ColumnId column{};
  uint32_t block = 0;
  bool operator==(const CachedBlockKey&) const = default;
};

// Least recently used blocks go first. What it keeps is booked as kCache, until the last reader
// lets go of it; a full budget means that it keeps less, never an error. A block that it does not
// keep is booked as kDecode, beyond the limit if need be: readers hold a few at a time. Threads:
// every method from any thread.
class BlockCache {
 public:
  BlockCache(MemoryBudget& budget, uint64_t bytes_max)
      : budget_(budget), bytes_max_(bytes_max), shard_bytes_max_(bytes_max / kShardCount) {}

  using Load = std::function<Result<DecodedBlockPtr>()>;
  // The block, by `load` if it is not here; two callers at once may both load it.
  Result<DecodedBlockPtr> Get(const CachedBlockKey& key, const Load& load);
  // Drops blocks of about `bytes`, fewer if there are none.
  void Shrink(uint64_t bytes);
  uint64_t NextSegmentNumber() { return next_segment_.fetch_add(1); }

 private:
  struct Entry {
    CachedBlockKey key;
    DecodedBlockPtr block;
    uint64_t bytes = 0;
  };
  struct KeyHash {
    size_t operator()(const CachedBlockKey& key) const;
  };
  struct Shard {
    Mutex mutex;
    std::list<Entry> entries LUMA_GUARDED_BY(mutex);  // most recently used first
    std::unordered_map<CachedBlockKey, std::list<Entry>::iterator, KeyHash> by_key
        LUMA_GUARDED_BY(mutex);
    uint64_t bytes LUMA_GUARDED_BY(mutex) = 0;
  };
  static constexpr size_t kShardCount = 8;  // power of two

  DecodedBlockPtr Find(Shard& shard, const CachedBlockKey& key);
  void Keep(size_t shard, Entry entry);
  // Takes the least recently used ones out, while the shard has more than `shard_bytes_max` and the
  // cache more than `bytes_max`.
  std::list<Entry> Evict(Shard& shard, uint64_t shard_bytes_max, uint64_t bytes_max)
      LUMA_REQUIRES(shard.mutex);

  MemoryBudget& budget_;
  const uint64_t bytes_max_;
  // A shard may have more, such as one block larger than this, while others have less.
  const uint64_t shard_bytes_max_;
  std::atomic<uint64_t> bytes_{0};
  std::atomic<uint64_t> next_segment_{1};
  std::array<Shard, kShardCount> shards_;
};

}  // namespace luma::storage
