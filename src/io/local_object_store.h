// Objects as files below one directory.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "io/object_store.h"

namespace luma::io {

// The directory must belong to this object alone: conditional puts are serialised by a mutex, not
// by the file system. Versions are hashes of the bytes. Lifetime: `fs` must outlive it.
class LocalObjectStore final : public ObjectStore {
 public:
  LocalObjectStore(FileSystem& fs, Path directory) : fs_(fs), directory_(std::move(directory)) {}

  Status Put(const std::string& key, ByteSpan bytes) override LUMA_EXCLUDES(mutex_);
  Result<ObjectDigest> PutFile(const std::string& key, FileSystem& fs, const Path& path) override
      LUMA_EXCLUDES(mutex_);
  Status PutIfAbsent(const std::string& key, ByteSpan bytes) override LUMA_EXCLUDES(mutex_);
  Result<ObjectVersion> Replace(const std::string& key, ByteSpan bytes,
                                const ObjectVersion& expected) override LUMA_EXCLUDES(mutex_);
  Result<VersionedBytes> GetVersioned(const std::string& key) override;
  Result<Bytes> GetRange(const std::string& key, uint64_t offset, uint64_t length) override;
  Result<ObjectInfo> Head(const std::string& key) override;
  Result<std::vector<ObjectInfo>> List(const std::string& prefix) override;
  Status Delete(const std::string& key) override LUMA_EXCLUDES(mutex_);
  Result<uint64_t> RemoveLeftovers(const std::string& prefix) override LUMA_EXCLUDES(mutex_);
  void CancelCalls() override { ++cancels_; }

 private:
  Result<Path> PathOf(const std::string& key) const;
  // The same, with the folders that hold it.
  Result<Path> PathToWrite(const std::string& key) LUMA_REQUIRES(mutex_);

  FileSystem& fs_;
  const Path directory_;
  Mutex mutex_;  // makes writers take turns
  std::atomic<uint64_t> cancels_{0};
};

}  // namespace luma::io
