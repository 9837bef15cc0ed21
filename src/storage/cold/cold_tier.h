// What all cold runs of an engine have in common: where their objects are, how they are read, and
// which objects nobody needs any more.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "io/closable_object_store.h"
#include "io/file_system.h"
#include "storage/block_cache.h"
#include "storage/cold/cold_format.h"
#include "storage/cold/cold_owner.h"
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
        store_(options.store == nullptr ? nullptr
                                        : std::make_shared<io::ClosableObjectStore>(options.store)),
        format_(options.format),
        cache_bytes_max_(options.cache_bytes_max),
        cache_(cache) {}

  // Makes the local directory and the cache of objects. Before it cold runs can be opened but not
  // read, and without a store never. Errors: kIoError, kDiskFull. Lifetime: `budget` and `clock`
  // outlive this.
  Status Start(MemoryBudget& budget, const Clock& clock, const std::string& database_prefix);
  // For messages; empty for a table that is gone. Before the first read.
  using TableName = std::function<std::string(ObjectId)>;
  void SetTableNames(TableName name_of) { name_of_ = std::move(name_of); }

  // What an error of the object store means to who reads a cold run: a missing or short object is
  // damage, unless the store is not the one; everything else means that it does not answer. Names
  // table and object.
  Status ReadError(const Status& error, ObjectId table, const std::string& key) const;
  // Before anything is put or deleted: ColdOwner::Claim. Only after Start with a store.
  Status Claim() { return owner_->Claim(); }

  // Bytes of an object, unverified. Errors: those of ObjectCache::GetRange; kUnavailable without a
  // store.
  Result<Bytes> GetRange(const std::string& key, uint64_t offset, uint64_t length) const;
  // An object of a run that its sidecar describes. Errors: kUnavailable without a store.
  Result<std::shared_ptr<const ColdBytes>> Object(const std::string& key,
                                                  const ColdSidecar& sidecar) const;
  // Nobody waits for the object store any more: moves and reads under way and later ones end with
  // kCancelled. Returns when none is at the store.
  void CloseStore() {
    if (store_ != nullptr) store_->Close();
  }
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
  // The same from the object store or, if it is lost or damaged there too, made anew of the object;
  // keeps it where it was missing. Errors: as ReadError has them.
  Result<ColdSidecar> FetchSidecar(ObjectId table, const RunRecord& record) const;

  // Objects that no manifest names and nobody reads any more. They are deleted by DeleteDiscarded;
  // after a crash, by the sweep of the next start.
  void Discard(const std::string& key) LUMA_EXCLUDES(mutex_);
  // Tries all of them once. Returns the first error; what failed stays for the next call.
  Status DeleteDiscarded() LUMA_EXCLUDES(mutex_);
  size_t discarded_count() const LUMA_EXCLUDES(mutex_);

 private:
  Result<ColdSidecar> FetchExpected(ObjectId table, const RunRecord& record) const;
  Result<ColdSidecar> Rebuild(ObjectId table, const RunRecord& record) const;
  void KeepLocally(const RunRecord& record, ByteSpan encoded) const;
  Result<ColdSidecar> DecodeExpected(ByteSpan bytes, ObjectId table, const RunRecord& record) const;

  io::FileSystem& fs_;
  const DataDirectory directory_;
  const std::shared_ptr<io::ClosableObjectStore> store_;
  const std::shared_ptr<ColdFormat> format_;
  const uint64_t cache_bytes_max_;
  BlockCache* const cache_;  // of decoded blocks
  std::shared_ptr<ObjectCache> objects_;
  std::unique_ptr<ColdOwner> owner_;
  MemoryBudget* budget_ = nullptr;
  TableName name_of_;
  mutable Mutex mutex_;  // innermost
  std::set<std::string> discarded_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::storage
