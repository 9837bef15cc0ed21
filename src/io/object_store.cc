#include "io/object_store.h"

#include <algorithm>
#include <utility>

namespace luma::io {
namespace {

constexpr size_t kKeyBytesMax = 1024;
// WriteFileAtomically leaves such a file behind after a crash; it is no object.
constexpr std::string_view kTemporarySuffix = ".tmp";

bool IsKeyCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-' || c == '=';
}

bool IsKeyPart(std::string_view part) {
  return !part.empty() && part != "." && part != ".." && !part.ends_with(kTemporarySuffix) &&
         std::all_of(part.begin(), part.end(), IsKeyCharacter);
}

Status CheckRange(const std::string& key, uint64_t offset, uint64_t length, uint64_t size) {
  if (offset <= size && length <= size - offset) return Status::Ok();
  return Status::OutOfRange("range past the end of the object: key=", key, " offset=", offset,
                            " length=", length, " size=", size);
}

Status NoObject(const std::string& key) { return Status::NotFound("no such object: key=", key); }

// Adds the objects of the folder `relative` ("" or "a/b") below `root`.
Status Collect(FileSystem& fs, const Path& root, const std::string& relative,
               std::vector<ObjectInfo>& objects) {
  const Path folder = relative.empty() ? root : JoinPath(root, relative);
  LUMA_ASSIGN_OR_RETURN(const auto names, fs.List(folder));
  for (const std::string& name : names) {
    const std::string key = relative.empty() ? name : JoinPath(relative, name);
    const Path path = JoinPath(root, key);
    LUMA_ASSIGN_OR_RETURN(const bool is_directory, fs.IsDirectory(path));
    if (is_directory) {
      LUMA_RETURN_IF_ERROR(Collect(fs, root, key, objects));
    } else if (CheckObjectKey(key).ok()) {
      LUMA_ASSIGN_OR_RETURN(const uint64_t size, fs.FileSize(path));
      objects.push_back({key, size});
    }
  }
  return Status::Ok();
}

}  // namespace

Status CheckObjectKey(const std::string& key) {
  if (key.empty() || key.size() > kKeyBytesMax) {
    return Status::InvalidArgument("object key is empty or too long: bytes=", key.size());
  }
  for (size_t begin = 0; begin <= key.size();) {
    const size_t end = std::min(key.find('/', begin), key.size());
    if (!IsKeyPart(std::string_view(key).substr(begin, end - begin))) {
      return Status::InvalidArgument("bad object key: key=", key);
    }
    begin = end + 1;
  }
  return Status::Ok();
}

Result<Path> LocalObjectStore::PathOf(const std::string& key) const {
  LUMA_RETURN_IF_ERROR(CheckObjectKey(key));
  return JoinPath(directory_, key);
}

Status LocalObjectStore::Write(const std::string& key, ByteSpan bytes) {
  LUMA_ASSIGN_OR_RETURN(const Path path, PathOf(key));
  LUMA_RETURN_IF_ERROR(fs_.CreateDirectories(ParentPath(path)));
  return WriteFileAtomically(fs_, path, bytes);
}

Status LocalObjectStore::Put(const std::string& key, ByteSpan bytes) {
  MutexLock lock(mutex_);
  return Write(key, bytes);
}

Status LocalObjectStore::PutIfAbsent(const std::string& key, ByteSpan bytes) {
  MutexLock lock(mutex_);
  LUMA_ASSIGN_OR_RETURN(const Path path, PathOf(key));
  LUMA_ASSIGN_OR_RETURN(const bool exists, fs_.Exists(path));
  if (exists) return Status::AlreadyExists("object exists: key=", key);
  return Write(key, bytes);
}

Result<Bytes> LocalObjectStore::Get(const std::string& key) {
  LUMA_ASSIGN_OR_RETURN(const Path path, PathOf(key));
  return ReadFile(fs_, path);
}

Result<Bytes> LocalObjectStore::GetRange(const std::string& key, uint64_t offset, uint64_t length) {
  LUMA_ASSIGN_OR_RETURN(const Path path, PathOf(key));
  LUMA_ASSIGN_OR_RETURN(const auto file, fs_.OpenForRead(path));
  LUMA_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  LUMA_RETURN_IF_ERROR(CheckRange(key, offset, length, size));
  Bytes bytes(length);
  LUMA_RETURN_IF_ERROR(file->ReadAt(offset, bytes));
  return bytes;
}

Result<ObjectInfo> LocalObjectStore::Head(const std::string& key) {
  LUMA_ASSIGN_OR_RETURN(const Path path, PathOf(key));
  LUMA_ASSIGN_OR_RETURN(const uint64_t size, fs_.FileSize(path));
  return ObjectInfo{key, size};
}

Result<std::vector<ObjectInfo>> LocalObjectStore::List(const std::string& prefix) {
  std::vector<ObjectInfo> objects;
  LUMA_ASSIGN_OR_RETURN(const bool exists, fs_.IsDirectory(directory_));
  if (!exists) return objects;
  LUMA_RETURN_IF_ERROR(Collect(fs_, directory_, "", objects));
  std::erase_if(objects, [&](const ObjectInfo& object) { return !object.key.starts_with(prefix); });
  std::sort(objects.begin(), objects.end(),
            [](const ObjectInfo& a, const ObjectInfo& b) { return a.key < b.key; });
  return objects;
}

Status LocalObjectStore::Delete(const std::string& key) {
  MutexLock lock(mutex_);
  LUMA_ASSIGN_OR_RETURN(const Path path, PathOf(key));
  const Status status = fs_.Remove(path);
  if (status.code() == StatusCode::kNotFound) return Status::Ok();
  LUMA_RETURN_IF_ERROR(status);
  return fs_.SyncDirectory(ParentPath(path));
}

void SimObjectStore::SetScript(Script script) {
  MutexLock lock(mutex_);
  script_ = std::move(script);
}

Status SimObjectStore::Ask(Operation operation, const std::string& key) {
  return script_ ? script_(operation, key) : Status::Ok();
}

Status SimObjectStore::Put(const std::string& key, ByteSpan bytes) {
  LUMA_RETURN_IF_ERROR(CheckObjectKey(key));
  MutexLock lock(mutex_);
  LUMA_RETURN_IF_ERROR(Ask(Operation::kPut, key));
  objects_[key] = Bytes(bytes.begin(), bytes.end());
  return Status::Ok();
}

Status SimObjectStore::PutIfAbsent(const std::string& key, ByteSpan bytes) {
  LUMA_RETURN_IF_ERROR(CheckObjectKey(key));
  MutexLock lock(mutex_);
  LUMA_RETURN_IF_ERROR(Ask(Operation::kPutIfAbsent, key));
  if (objects_.contains(key)) return Status::AlreadyExists("object exists: key=", key);
  objects_[key] = Bytes(bytes.begin(), bytes.end());
  return Status::Ok();
}

Result<Bytes> SimObjectStore::Get(const std::string& key) {
  MutexLock lock(mutex_);
  LUMA_RETURN_IF_ERROR(Ask(Operation::kGet, key));
  const auto found = objects_.find(key);
  if (found == objects_.end()) return NoObject(key);
  return Bytes(found->second);
}

Result<Bytes> SimObjectStore::GetRange(const std::string& key, uint64_t offset, uint64_t length) {
  MutexLock lock(mutex_);
  LUMA_RETURN_IF_ERROR(Ask(Operation::kGetRange, key));
  const auto found = objects_.find(key);
  if (found == objects_.end()) return NoObject(key);
  LUMA_RETURN_IF_ERROR(CheckRange(key, offset, length, found->second.size()));
  const ByteSpan range = ByteSpan(found->second).subspan(offset, length);
  return Bytes(range.begin(), range.end());
}

Result<ObjectInfo> SimObjectStore::Head(const std::string& key) {
  MutexLock lock(mutex_);
  LUMA_RETURN_IF_ERROR(Ask(Operation::kHead, key));
  const auto found = objects_.find(key);
  if (found == objects_.end()) return NoObject(key);
  return ObjectInfo{key, found->second.size()};
}

Result<std::vector<ObjectInfo>> SimObjectStore::List(const std::string& prefix) {
  MutexLock lock(mutex_);
  LUMA_RETURN_IF_ERROR(Ask(Operation::kList, prefix));
  std::vector<ObjectInfo> objects;
  for (auto at = objects_.lower_bound(prefix); at != objects_.end(); ++at) {
    if (!at->first.starts_with(prefix)) break;
    objects.push_back({at->first, at->second.size()});
  }
  return objects;
}

Status SimObjectStore::Delete(const std::string& key) {
  MutexLock lock(mutex_);
  LUMA_RETURN_IF_ERROR(Ask(Operation::kDelete, key));
  objects_.erase(key);
  return Status::Ok();
}

}  // namespace luma::io
