// An object store in memory that misbehaves as it is told: the cold tier's tests run on it.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "io/object_store.h"

namespace luma::io {

enum class ObjectOperation : uint8_t {
  kPut,
  kPutFile,
  kPutIfAbsent,
  kReplace,
  kGet,
  kGetRange,
  kHead,
  kList,
  kDelete
};

enum class ObjectFaultKind : uint8_t {
  kNone,
  kErrorBefore,  // `error` is the answer and nothing happened
  kErrorAfter,   // the call took effect, and `error` is the answer
  kWrongBytes,   // one bit is flipped: of what a put stores, of what a get returns
  kCutShort,     // a put stores the first half and answers OK; a get returns the first half
  kVanish,       // the object is gone: after a put that answers OK, before a get or a head
  kStaleList,    // a list answers as it would have before the last `list_lag` changes
  kStuck,        // nothing happens until CancelCalls, and the answer is kCancelled
};

// Kinds that do not concern an operation (kStaleList for a put) do nothing.
struct ObjectFault {
  ObjectFaultKind kind = ObjectFaultKind::kNone;
  Status error = Status::Unavailable("scripted fault");
  size_t list_lag = 3;
  std::chrono::milliseconds delay{0};  // slept before anything else, whatever the kind
};

// Threads: every method from any thread.
class SimObjectStore final : public ObjectStore {
 public:
  // Asked before every call, one at a time; must not call the store. `key` is the prefix for kList.
  using Script = std::function<ObjectFault(ObjectOperation operation, const std::string& key)>;

  // An empty script: no faults.
  void SetScript(Script script) LUMA_EXCLUDES(mutex_);

  Status Put(const std::string& key, ByteSpan bytes) override LUMA_EXCLUDES(mutex_);
  Result<ObjectDigest> PutFile(const std::string& key, FileSystem& fs, const Path& path) override
      LUMA_EXCLUDES(mutex_);
  Status PutIfAbsent(const std::string& key, ByteSpan bytes) override LUMA_EXCLUDES(mutex_);
  Result<ObjectVersion> Replace(const std::string& key, ByteSpan bytes,
                                const ObjectVersion& expected) override LUMA_EXCLUDES(mutex_);
  Result<VersionedBytes> GetVersioned(const std::string& key) override LUMA_EXCLUDES(mutex_);
  Result<Bytes> GetRange(const std::string& key, uint64_t offset, uint64_t length) override
      LUMA_EXCLUDES(mutex_);
  Result<ObjectInfo> Head(const std::string& key) override LUMA_EXCLUDES(mutex_);
  Result<std::vector<ObjectInfo>> List(const std::string& prefix) override LUMA_EXCLUDES(mutex_);
  Status Delete(const std::string& key) override LUMA_EXCLUDES(mutex_);
  void CancelCalls() override LUMA_EXCLUDES(mutex_);

 private:
  // What must hold for a write to happen.
  struct Condition {
    bool is_absent = false;
    std::optional<ObjectVersion> version = std::nullopt;
  };
  // The size that `key` had before a change; none: it was not there.
  struct Change {
    std::string key;
    std::optional<uint64_t> size_before;
  };

  ObjectFault Ask(ObjectOperation operation, const std::string& key) LUMA_EXCLUDES(mutex_);
  Status Write(ObjectOperation operation, const std::string& key, ByteSpan bytes,
               const Condition& condition) LUMA_EXCLUDES(mutex_);
  Status Check(const std::string& key, const Condition& condition) LUMA_REQUIRES(mutex_);
  // The object as a call with this fault finds it.
  Result<Bytes> Find(const std::string& key, const ObjectFault& fault) LUMA_REQUIRES(mutex_);
  void Set(const std::string& key, std::optional<Bytes> content) LUMA_REQUIRES(mutex_);

  Mutex mutex_;
  CondVar cancelled_;
  uint64_t cancels_ LUMA_GUARDED_BY(mutex_) = 0;
  Script script_ LUMA_GUARDED_BY(mutex_);
  std::map<std::string, Bytes> objects_ LUMA_GUARDED_BY(mutex_);
  std::deque<Change> changes_ LUMA_GUARDED_BY(mutex_);  // the newest last
};

// A script that gives every call a fault of one of `kinds` with `probability`. The n-th call's fate
// depends on `seed` and n alone.
SimObjectStore::Script SeededFaults(uint64_t seed, double probability,
                                    std::vector<ObjectFaultKind> kinds);

}  // namespace luma::io
