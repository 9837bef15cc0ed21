// Reads cold objects through a cache on the local disk: pieces of objects are fetched by range when
// they are first read, verified, and kept as files up to a number of bytes. The cache survives
// restarts.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "io/object_store.h"
#include "storage/budget.h"
#include "storage/cold/cold_format.h"
#include "storage/cold/piece_files.h"
#include "storage/cold/store_breaker.h"

namespace luma::storage {

// What is fetched at once, and one file of the cache.
inline constexpr uint32_t kCachePieceBytes = 1 << 20;
// What one checksum covers, and the least that is read of a file of the cache.
inline constexpr uint32_t kCacheCheckedBytes = 64 << 10;
static_assert(kCachePieceBytes % kCacheCheckedBytes == 0);

// An object that never changes, and what its bytes must be.
struct CachedObject {
  std::string key;
  uint64_t size_bytes = 0;
  std::vector<uint32_t> crc32c;  // of each kCacheCheckedBytes of the object, in order
};

// The `crc32c` of an object with these bytes.
std::vector<uint32_t> ChecksumsOf(ByteSpan bytes);

// Bytes that do not have their checksum are never handed out: from the cache they are fetched
// again, from the store too, a few times; then they are kCorruption. A local disk that is full or
// fails means that nothing is kept. Buffers are booked as kQuery.
// Threads: every method from any thread; readers of one piece at once share one fetch.
class ObjectCache : public std::enable_shared_from_this<ObjectCache> {
 public:
  // `directory` must be the cache's alone. Lifetime: `fs`, `budget` and `clock` must outlive the
  // cache and all objects opened from it. Errors: those of making and listing the directory.
  static Result<std::shared_ptr<ObjectCache>> Open(io::FileSystem& fs, io::Path directory,
                                                   uint64_t bytes_max,
                                                   std::shared_ptr<io::ObjectStore> store,
                                                   MemoryBudget& budget,
                                                   const Clock& clock = Clock::System());

  // Does no I/O. `object.crc32c` must have as many entries as the size asks for. The returned bytes
  // keep the cache alive. Reads past the end are kOutOfRange, a full budget is kOutOfMemory; the
  // store's own errors other than kNotFound and kCancelled are kUnavailable.
  std::shared_ptr<const ColdBytes> Object(CachedObject object);

  // From the store, past the cache, unverified. Errors: those of the store; kUnavailable at once
  // when it has kept somebody waiting in vain a moment ago.
  Result<Bytes> GetRange(const std::string& key, uint64_t offset, uint64_t length);

  // On the local disk.
  uint64_t bytes() const { return files_->bytes(); }

 private:
  class ObjectBytes;
  // A verified piece, shared by the readers that waited for it.
  struct Piece {
    Bytes bytes;
    BudgetLease lease;
  };
  using PiecePtr = std::shared_ptr<const Piece>;
  struct PieceId {
    const CachedObject& object;
    uint32_t index;

    uint64_t begin() const { return uint64_t{index} * kCachePieceBytes; }
    uint64_t length() const;
    std::string FileName() const;
  };
  struct Flight {
    std::optional<Result<PiecePtr>> result;  // set when it has landed
  };

  ObjectCache(std::unique_ptr<PieceFiles> files, std::shared_ptr<io::ObjectStore> store,
              MemoryBudget& budget, const Clock& clock)
      : files_(std::move(files)), store_(std::move(store)), budget_(budget), breaker_(clock) {}

  // Fills `out` from `offset` of the piece.
  Status ReadPiece(const PieceId& id, uint64_t offset, std::span<std::byte> out);
  // From the local disk; false when the piece is not there.
  Result<bool> ReadKept(const PieceId& id, uint64_t offset, std::span<std::byte> out);
  Result<PiecePtr> FetchOnce(const PieceId& id) LUMA_EXCLUDES(mutex_);
  Result<PiecePtr> Load(const PieceId& id);
  Status Fetch(const PieceId& id, std::span<std::byte> out);

  const std::unique_ptr<PieceFiles> files_;
  const std::shared_ptr<io::ObjectStore> store_;
  MemoryBudget& budget_;
  StoreBreaker breaker_;
  Mutex mutex_;
  CondVar landed_;
  std::map<std::string, std::shared_ptr<Flight>> flights_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::storage
