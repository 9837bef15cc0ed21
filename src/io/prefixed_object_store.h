// A part of an object store as a store of its own.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/object_store.h"

namespace luma::io {

// The objects of `store` whose keys begin with `prefix` ("" or "a/b/"), which callers do not see;
// messages name whole keys. Threads, errors: those of `store`.
class PrefixedObjectStore final : public ObjectStore {
 public:
  PrefixedObjectStore(std::shared_ptr<ObjectStore> store, std::string prefix)
      : store_(std::move(store)), prefix_(std::move(prefix)) {}

  Status Put(const std::string& key, ByteSpan bytes) override {
    return store_->Put(prefix_ + key, bytes);
  }
  Result<ObjectDigest> PutFile(const std::string& key, FileSystem& fs, const Path& path) override {
    return store_->PutFile(prefix_ + key, fs, path);
  }
  Status PutIfAbsent(const std::string& key, ByteSpan bytes) override {
    return store_->PutIfAbsent(prefix_ + key, bytes);
  }
  Result<ObjectVersion> Replace(const std::string& key, ByteSpan bytes,
                                const ObjectVersion& expected) override {
    return store_->Replace(prefix_ + key, bytes, expected);
  }
  Result<VersionedBytes> GetVersioned(const std::string& key) override {
    return store_->GetVersioned(prefix_ + key);
  }
  Result<Bytes> GetRange(const std::string& key, uint64_t offset, uint64_t length) override {
    return store_->GetRange(prefix_ + key, offset, length);
  }
  Result<ObjectInfo> Head(const std::string& key) override {
    LUMA_ASSIGN_OR_RETURN(ObjectInfo info, store_->Head(prefix_ + key));
    info.key = key;
    return info;
  }
  Result<std::vector<ObjectInfo>> List(const std::string& prefix) override {
    LUMA_ASSIGN_OR_RETURN(std::vector<ObjectInfo> objects, store_->List(prefix_ + prefix));
    for (ObjectInfo& object : objects) object.key.erase(0, prefix_.size());
    return objects;
  }
  Status Delete(const std::string& key) override { return store_->Delete(prefix_ + key); }
  Result<uint64_t> RemoveLeftovers(const std::string& prefix) override {
    return store_->RemoveLeftovers(prefix_ + prefix);
  }
  void CancelCalls() override { store_->CancelCalls(); }

 private:
  const std::shared_ptr<ObjectStore> store_;
  const std::string prefix_;
};

}  // namespace luma::io
