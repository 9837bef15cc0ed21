// Whole objects by key: the seam of the cold tier. A key is 1..1024 bytes of '/'-separated parts
// made of letters, digits and "._-=", no part being "." or ".." or ending in ".tmp"; anything else
// is kInvalidArgument.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/mutex.h"
#include "io/file_system.h"

namespace luma::io {

struct ObjectInfo {
  std::string key;
  uint64_t size_bytes = 0;
};

// Threads: every method from any thread; all of them block.
// Errors: kNotFound for a missing key; kIoError and kDiskFull may leave a Put undone or done, but
// never half done: readers see whole objects only.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  // Creates or replaces. Durable on return.
  virtual Status Put(const std::string& key, ByteSpan bytes) = 0;
  // Creates; kAlreadyExists if the key is taken. Of two racing callers exactly one gets OK.
  virtual Status PutIfAbsent(const std::string& key, ByteSpan bytes) = 0;
  virtual Result<Bytes> Get(const std::string& key) = 0;
  // Exactly `length` bytes from `offset`; a range past the end is kOutOfRange.
  virtual Result<Bytes> GetRange(const std::string& key, uint64_t offset, uint64_t length) = 0;
  virtual Result<ObjectInfo> Head(const std::string& key) = 0;
  // Objects whose key starts with `prefix`, sorted by key.
  virtual Result<std::vector<ObjectInfo>> List(const std::string& prefix) = 0;
  // OK also when the key is missing, as in S3.
  virtual Status Delete(const std::string& key) = 0;
};

Status CheckObjectKey(const std::string& key);

// Objects as files below one directory, which must belong to this process alone (PutIfAbsent is
// serialised by a mutex, not by the file system). Lifetime: `fs` must outlive it.
class LocalObjectStore final : public ObjectStore {
 public:
  LocalObjectStore(FileSystem& fs, Path directory) : fs_(fs), directory_(std::move(directory)) {}

  Status Put(const std::string& key, ByteSpan bytes) override;
  Status PutIfAbsent(const std::string& key, ByteSpan bytes) override;
  Result<Bytes> Get(const std::string& key) override;
  Result<Bytes> GetRange(const std::string& key, uint64_t offset, uint64_t length) override;
  Result<ObjectInfo> Head(const std::string& key) override;
  Result<std::vector<ObjectInfo>> List(const std::string& prefix) override;
  Status Delete(const std::string& key) override;

 private:
  Result<Path> PathOf(const std::string& key) const;
  Status Write(const std::string& key, ByteSpan bytes) LUMA_REQUIRES(mutex_);

  FileSystem& fs_;
  const Path directory_;
  Mutex mutex_;  // makes writers take turns
};

// In memory, with scripted faults.
class SimObjectStore final : public ObjectStore {
 public:
  enum class Operation : uint8_t { kPut, kPutIfAbsent, kGet, kGetRange, kHead, kList, kDelete };
  // Asked before every call; an error it returns is the answer of that call.
  using Script = std::function<Status(Operation operation, const std::string& key)>;

  void SetScript(Script script) LUMA_EXCLUDES(mutex_);

  Status Put(const std::string& key, ByteSpan bytes) override;
  Status PutIfAbsent(const std::string& key, ByteSpan bytes) override;
  Result<Bytes> Get(const std::string& key) override;
  Result<Bytes> GetRange(const std::string& key, uint64_t offset, uint64_t length) override;
  Result<ObjectInfo> Head(const std::string& key) override;
  Result<std::vector<ObjectInfo>> List(const std::string& prefix) override;
  Status Delete(const std::string& key) override;

 private:
  Status Ask(Operation operation, const std::string& key) LUMA_REQUIRES(mutex_);

  Mutex mutex_;
  Script script_ LUMA_GUARDED_BY(mutex_);
  std::map<std::string, Bytes> objects_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::io
