#include "io/sim_object_store.h"

#include <atomic>
#include <memory>
#include <thread>
#include <utility>

#include "base/crc32c.h"
#include "base/hash.h"
#include "io/internal/content_version.h"

namespace luma::io {
namespace {

constexpr size_t kChangesKept = 64;

Status NoObject(const std::string& key) { return Status::NotFound("no such object: key=", key); }

// `bytes` as a fault leaves them.
Bytes Damaged(ByteSpan bytes, ObjectFaultKind kind) {
  if (kind == ObjectFaultKind::kCutShort) bytes = bytes.first(bytes.size() / 2);
  Bytes damaged(bytes.begin(), bytes.end());
  if (kind == ObjectFaultKind::kWrongBytes && !damaged.empty()) {
    damaged[damaged.size() / 2] ^= std::byte{0x10};
  }
  return damaged;
}

}  // namespace

void SimObjectStore::SetScript(Script script) {
  MutexLock lock(mutex_);
  script_ = std::move(script);
}

ObjectFault SimObjectStore::Ask(ObjectOperation operation, const std::string& key) {
  ObjectFault fault;
  {
    MutexLock lock(mutex_);
    if (script_) fault = script_(operation, key);
    if (fault.kind == ObjectFaultKind::kStuck) {
      for (const uint64_t before = cancels_; cancels_ == before;) cancelled_.Wait(mutex_);
      return {.kind = ObjectFaultKind::kErrorBefore, .error = Status::Cancelled("cancelled")};
    }
  }
  if (fault.delay.count() > 0) std::this_thread::sleep_for(fault.delay);
  return fault;
}

void SimObjectStore::CancelCalls() {
  MutexLock lock(mutex_);
  ++cancels_;
  cancelled_.NotifyAll();
}

void SimObjectStore::Set(const std::string& key, std::optional<Bytes> content) {
  const auto found = objects_.find(key);
  const bool existed = found != objects_.end();
  changes_.push_back({key, existed ? std::optional<uint64_t>(found->second.size()) : std::nullopt});
  if (changes_.size() > kChangesKept) changes_.pop_front();
  if (content) {
    objects_[key] = *std::move(content);
  } else {
    objects_.erase(key);
  }
}

Status SimObjectStore::Check(const std::string& key, const Condition& condition) {
  const auto found = objects_.find(key);
  const bool exists = found != objects_.end();
  if (condition.is_absent && exists) return Status::AlreadyExists("object exists: key=", key);
  if (!condition.version) return Status::Ok();
  if (exists && VersionOfContent(found->second) == *condition.version) return Status::Ok();
  return Status::Conflict("object has another version: key=", key,
                          " expected=", *condition.version);
}

Status SimObjectStore::Write(ObjectOperation operation, const std::string& key, ByteSpan bytes,
                             const Condition& condition) {
  LUMA_RETURN_IF_ERROR(CheckObjectKey(key));
  const ObjectFault fault = Ask(operation, key);
  if (fault.kind == ObjectFaultKind::kErrorBefore) return fault.error;
  MutexLock lock(mutex_);
  LUMA_RETURN_IF_ERROR(Check(key, condition));
  Set(key, Damaged(bytes, fault.kind));
  if (fault.kind == ObjectFaultKind::kVanish) Set(key, std::nullopt);
  return fault.kind == ObjectFaultKind::kErrorAfter ? fault.error : Status::Ok();
}

Status SimObjectStore::Put(const std::string& key, ByteSpan bytes) {
  return Write(ObjectOperation::kPut, key, bytes, {});
}

Result<ObjectDigest> SimObjectStore::PutFile(const std::string& key, FileSystem& fs,
                                             const Path& path) {
  LUMA_ASSIGN_OR_RETURN(const Bytes bytes, ReadFile(fs, path));
  LUMA_RETURN_IF_ERROR(Write(ObjectOperation::kPutFile, key, bytes, {}));
  return ObjectDigest{.size_bytes = bytes.size(), .crc32c = Crc32c(bytes)};
}

Status SimObjectStore::PutIfAbsent(const std::string& key, ByteSpan bytes) {
  return Write(ObjectOperation::kPutIfAbsent, key, bytes, {.is_absent = true});
}

Result<ObjectVersion> SimObjectStore::Replace(const std::string& key, ByteSpan bytes,
                                              const ObjectVersion& expected) {
  LUMA_RETURN_IF_ERROR(Write(ObjectOperation::kReplace, key, bytes, {.version = expected}));
  return VersionOfContent(bytes);
}

Result<Bytes> SimObjectStore::Find(const std::string& key, const ObjectFault& fault) {
  if (fault.kind == ObjectFaultKind::kErrorBefore || fault.kind == ObjectFaultKind::kErrorAfter) {
    return fault.error;
  }
  if (fault.kind == ObjectFaultKind::kVanish) Set(key, std::nullopt);
  const auto found = objects_.find(key);
  if (found == objects_.end()) return NoObject(key);
  return Bytes(found->second);
}

Result<VersionedBytes> SimObjectStore::GetVersioned(const std::string& key) {
  const ObjectFault fault = Ask(ObjectOperation::kGet, key);
  MutexLock lock(mutex_);
  LUMA_ASSIGN_OR_RETURN(const Bytes bytes, Find(key, fault));
  return VersionedBytes{Damaged(bytes, fault.kind), VersionOfContent(bytes)};
}

Result<Bytes> SimObjectStore::GetRange(const std::string& key, uint64_t offset, uint64_t length) {
  const ObjectFault fault = Ask(ObjectOperation::kGetRange, key);
  MutexLock lock(mutex_);
  LUMA_ASSIGN_OR_RETURN(const Bytes bytes, Find(key, fault));
  LUMA_RETURN_IF_ERROR(CheckObjectRange(key, offset, length, bytes.size()));
  return Damaged(ByteSpan(bytes).subspan(offset, length), fault.kind);
}

Result<ObjectInfo> SimObjectStore::Head(const std::string& key) {
  const ObjectFault fault = Ask(ObjectOperation::kHead, key);
  MutexLock lock(mutex_);
  LUMA_ASSIGN_OR_RETURN(const Bytes bytes, Find(key, fault));
  return ObjectInfo{key, bytes.size()};
}

Result<std::vector<ObjectInfo>> SimObjectStore::List(const std::string& prefix) {
  const ObjectFault fault = Ask(ObjectOperation::kList, prefix);
  if (fault.kind == ObjectFaultKind::kErrorBefore || fault.kind == ObjectFaultKind::kErrorAfter) {
    return fault.error;
  }
  MutexLock lock(mutex_);
  std::map<std::string, uint64_t> sizes;
  for (const auto& [key, bytes] : objects_) sizes[key] = bytes.size();
  size_t undone = fault.kind == ObjectFaultKind::kStaleList ? fault.list_lag : 0;
  for (auto change = changes_.rbegin(); undone > 0 && change != changes_.rend(); ++change) {
    sizes.erase(change->key);
    if (change->size_before) sizes[change->key] = *change->size_before;
    --undone;
  }
  std::vector<ObjectInfo> objects;
  for (const auto& [key, size] : sizes) {
    if (key.starts_with(prefix)) objects.push_back({key, size});
  }
  return objects;
}

Status SimObjectStore::Delete(const std::string& key) {
  const ObjectFault fault = Ask(ObjectOperation::kDelete, key);
  if (fault.kind == ObjectFaultKind::kErrorBefore) return fault.error;
  MutexLock lock(mutex_);
  Set(key, std::nullopt);
  return fault.kind == ObjectFaultKind::kErrorAfter ? fault.error : Status::Ok();
}

SimObjectStore::Script SeededFaults(uint64_t seed, double probability,
                                    std::vector<ObjectFaultKind> kinds) {
  auto calls = std::make_shared<std::atomic<uint64_t>>(0);
  return [=, kinds = std::move(kinds)](ObjectOperation, const std::string&) {
    const uint64_t call = calls->fetch_add(1);
    const uint64_t random = Hash64({reinterpret_cast<const std::byte*>(&call), sizeof(call)}, seed);
    const double fraction = static_cast<double>(random >> 11) * 0x1p-53;
    if (kinds.empty() || fraction >= probability) return ObjectFault{};
    return ObjectFault{.kind = kinds[random % kinds.size()]};
  };
}

}  // namespace luma::io
