// What all cold runs of an engine have in common: where their objects are, how they are read, and
// which objects nobody needs any more.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "io/file_system.h"
#include "io/object_store.h"
#include "storage/block_cache.h"
#include "storage/cold/cold_format.h"
#include "storage/cold/cold_sidecar.h"
#include "storage/cold/cold_tier_options.h"
#include "storage/data_directory.h"
#include "storage/manifest/manifest_state.h"

namespace luma::storage {

// Threads: every method from any thread. Lifetime: outlives all cold runs; `fs` and `cache` outlive
// it.
class ColdTier {
 public:
  // Without a store there is no reading either: cold runs open, and say kUnavailable when they are
  // read. `cache` may be null.
  ColdTier(io::FileSystem& fs, DataDirectory directory, const ColdTierOptions& options,
           BlockCache* cache)
      : fs_(fs),
        directory_(std::move(directory)),
        store_(options.store),
        format_(options.format),
        cache_bytes_max_(options.cache_bytes_max),
        cache_(cache) {}

  // Makes the local directory and the cache of objects. Before it cold runs can be opened but not
  // read, and without a store never. Errors: kIoError, kDiskFull. Lifetime: `budget` and `clock`
  // outlive this.
  Status Start(MemoryBudget& budget, const Clock& clock);

  // An object of a run that its sidecar describes. Errors: kUnavailable without a store.
  Result<std::shared_ptr<const ColdBytes>> Object(const std::string& key,
                                                  const ColdSidecar& sidecar) const;
  bool has_store() const { return store_ != nullptr && format_ != nullptr; }
  // Only with a store.
  io::ObjectStore& store() const { return *store_; }
  ColdFormat& format() const { return *format_; }
  io::FileSystem& fs() const { return fs_; }
  const DataDirectory& directory() const { return directory_; }
  BlockCache* cache() const { return cache_; }

  // The sidecar of a cold run as it lies on the local disk. Errors: kNotFound, kCorruption,
  // kIoError; kCorruption also when it is that of another run.
  Result<ColdSidecar> ReadLocalSidecar(ObjectId table, const RunRecord& record) const;
  // The same from the object store; keeps it locally, where it may have been damaged. Errors:
  // kUnavailable, kCorruption.
  Result<ColdSidecar> FetchSidecar(ObjectId table, const RunRecord& record) const;

  // Objects that no manifest names and nobody reads any more. They are deleted by DeleteDiscarded;
  // after a crash, by the sweep of the next start.
  void Discard(const std::string& key) LUMA_EXCLUDES(mutex_);
  // Tries all of them once. Returns the first error; what failed stays for the next call.
  Status DeleteDiscarded() LUMA_EXCLUDES(mutex_);
  size_t discarded_count() const LUMA_EXCLUDES(mutex_);

 private:
  Result<ColdSidecar> DecodeExpected(ByteSpan bytes, ObjectId table, const RunRecord& record) const;

  io::FileSystem& fs_;
  const DataDirectory directory_;
  const std::shared_ptr<io::ObjectStore> store_;
  const std::shared_ptr<ColdFormat> format_;
  const uint64_t cache_bytes_max_;
  BlockCache* const cache_;  // of decoded blocks
  std::shared_ptr<ObjectCache> objects_;
  mutable Mutex mutex_;  // innermost
  std::set<std::string> discarded_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::storage
