// An object store that its user can stop waiting for.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "io/object_store.h"

namespace luma::io {

// Threads, errors: those of `store`.
class ClosableObjectStore final : public ObjectStore {
 public:
  explicit ClosableObjectStore(std::shared_ptr<ObjectStore> store) : store_(std::move(store)) {}

  // Calls from now on are kCancelled, and so are those under way, soon. Returns when there are
  // none.
  void Close() LUMA_EXCLUDES(mutex_);

  Status Put(const std::string& key, ByteSpan bytes) override {
    return Do([&] { return store_->Put(key, bytes); });
  }
  Result<ObjectDigest> PutFile(const std::string& key, FileSystem& fs, const Path& path) override {
    return Do([&] { return store_->PutFile(key, fs, path); });
  }
  Status PutIfAbsent(const std::string& key, ByteSpan bytes) override {
    return Do([&] { return store_->PutIfAbsent(key, bytes); });
  }
  Result<ObjectVersion> Replace(const std::string& key, ByteSpan bytes,
                                const ObjectVersion& expected) override {
    return Do([&] { return store_->Replace(key, bytes, expected); });
  }
  Result<VersionedBytes> GetVersioned(const std::string& key) override {
    return Do([&] { return store_->GetVersioned(key); });
  }
  Result<Bytes> GetRange(const std::string& key, uint64_t offset, uint64_t length) override {
    return Do([&] { return store_->GetRange(key, offset, length); });
  }
  Result<ObjectInfo> Head(const std::string& key) override {
    return Do([&] { return store_->Head(key); });
  }
  Result<std::vector<ObjectInfo>> List(const std::string& prefix) override {
    return Do([&] { return store_->List(prefix); });
  }
  Status Delete(const std::string& key) override {
    return Do([&] { return store_->Delete(key); });
  }
  Result<uint64_t> RemoveLeftovers(const std::string& prefix) override {
    return Do([&] { return store_->RemoveLeftovers(prefix); });
  }
  void CancelCalls() override { store_->CancelCalls(); }

 private:
  template <typename Call>
  auto Do(const Call& call) -> decltype(call()) {
    if (!Enter()) return Status::Cancelled("object store is closed");
    auto result = call();
    Leave();
    return result;
  }
  bool Enter() LUMA_EXCLUDES(mutex_);
  void Leave() LUMA_EXCLUDES(mutex_);

  const std::shared_ptr<ObjectStore> store_;
  Mutex mutex_;
  CondVar left_;
  bool is_closed_ LUMA_GUARDED_BY(mutex_) = false;
  uint64_t calls_ LUMA_GUARDED_BY(mutex_) = 0;  // under way
};

}  // namespace luma::io
