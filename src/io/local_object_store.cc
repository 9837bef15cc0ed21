#include "io/local_object_store.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/crc32c.h"
#include "io/internal/content_version.h"

namespace luma::io {
namespace {

constexpr uint64_t kCopyBytes = 1 << 20;
// Of a file that is being written, also by WriteFileAtomically; never of an object.
constexpr std::string_view kTemporarySuffix = ".tmp";

using VisitFile = std::function<Status(const std::string& key, const Path& path)>;

// Every file below the folder `relative` ("" or "a/b") of `root`.
Status Walk(FileSystem& fs, const Path& root, const std::string& relative, const VisitFile& visit) {
  const Path folder = relative.empty() ? root : JoinPath(root, relative);
  LUMA_ASSIGN_OR_RETURN(const auto names, fs.List(folder));
  for (const std::string& name : names) {
    const std::string key = relative.empty() ? name : JoinPath(relative, name);
    const Path path = JoinPath(root, key);
    LUMA_ASSIGN_OR_RETURN(const bool is_directory, fs.IsDirectory(path));
    LUMA_RETURN_IF_ERROR(is_directory ? Walk(fs, root, key, visit) : visit(key, path));
  }
  return Status::Ok();
}

using IsCancelled = std::function<bool()>;

// Appends the bytes of `from`, as long as it is now, to `to`.
Result<ObjectDigest> Append(const RandomAccessFile& from, WritableFile& to,
                            const IsCancelled& is_cancelled) {
  LUMA_ASSIGN_OR_RETURN(const uint64_t size, from.Size());
  ObjectDigest digest{.size_bytes = size};
  Bytes piece;
  for (uint64_t offset = 0; offset < size; offset += piece.size()) {
    if (is_cancelled()) return Status::Cancelled("copy was given up");
    piece.resize(std::min(kCopyBytes, size - offset));
    LUMA_RETURN_IF_ERROR(from.ReadAt(offset, piece));
    LUMA_RETURN_IF_ERROR(to.Append(piece));
    digest.crc32c = Crc32c(piece, digest.crc32c);
  }
  return digest;
}

// Makes a file of the bytes of `from`: durable on return, but for its name.
Result<ObjectDigest> CopyTo(const RandomAccessFile& from, FileSystem& fs, const Path& path,
                            const IsCancelled& is_cancelled) {
  LUMA_ASSIGN_OR_RETURN(const auto file, fs.Create(path, CreateMode::kTruncate));
  LUMA_ASSIGN_OR_RETURN(const ObjectDigest digest, Append(from, *file, is_cancelled));
  LUMA_RETURN_IF_ERROR(file->Sync());
  LUMA_RETURN_IF_ERROR(file->Close());
  return digest;
}

}  // namespace

Result<Path> LocalObjectStore::PathOf(const std::string& key) const {
  LUMA_RETURN_IF_ERROR(CheckObjectKey(key));
  return JoinPath(directory_, key);
}

Result<Path> LocalObjectStore::PathToWrite(const std::string& key) {
  LUMA_ASSIGN_OR_RETURN(Path path, PathOf(key));
  LUMA_RETURN_IF_ERROR(fs_.CreateDirectories(ParentPath(path)));
  return path;
}

Status LocalObjectStore::Put(const std::string& key, ByteSpan bytes) {
  MutexLock lock(mutex_);
  LUMA_ASSIGN_OR_RETURN(const Path path, PathToWrite(key));
  return WriteFileAtomically(fs_, path, bytes);
}

// As WriteFileAtomically, in pieces.
Result<ObjectDigest> LocalObjectStore::PutFile(const std::string& key, FileSystem& fs,
                                               const Path& path) {
  LUMA_ASSIGN_OR_RETURN(const auto source, fs.OpenForRead(path));
  MutexLock lock(mutex_);
  LUMA_ASSIGN_OR_RETURN(const Path target, PathToWrite(key));
  const Path temporary = target + std::string(kTemporarySuffix);
  const uint64_t cancels = cancels_;
  Result<ObjectDigest> copied =
      CopyTo(*source, fs_, temporary, [&] { return cancels_ != cancels; });
  const Status placed = copied.ok() ? fs_.Rename(temporary, target) : copied.status();
  if (!placed.ok()) {
    // Callers come back with other keys: what a full disk cut off would keep it full.
    static_cast<void>(fs_.Remove(temporary));  // it may not even be there
    return placed;
  }
  LUMA_RETURN_IF_ERROR(fs_.SyncDirectory(ParentPath(target)));
  return copied;
}

Status LocalObjectStore::PutIfAbsent(const std::string& key, ByteSpan bytes) {
  MutexLock lock(mutex_);
  LUMA_ASSIGN_OR_RETURN(const Path path, PathToWrite(key));
  LUMA_ASSIGN_OR_RETURN(const bool exists, fs_.Exists(path));
  if (exists) return Status::AlreadyExists("object exists: key=", key);
  return WriteFileAtomically(fs_, path, bytes);
}

Result<ObjectVersion> LocalObjectStore::Replace(const std::string& key, ByteSpan bytes,
                                                const ObjectVersion& expected) {
  MutexLock lock(mutex_);
  LUMA_ASSIGN_OR_RETURN(const Path path, PathOf(key));
  const Result<Bytes> current = ReadFile(fs_, path);
  const bool is_missing = current.status().code() == StatusCode::kNotFound;
  if (!current.ok() && !is_missing) return current.status();
  if (is_missing || VersionOfContent(*current) != expected) {
    return Status::Conflict("object has another version: key=", key, " expected=", expected);
  }
  LUMA_RETURN_IF_ERROR(WriteFileAtomically(fs_, path, bytes));
  return VersionOfContent(bytes);
}

Result<VersionedBytes> LocalObjectStore::GetVersioned(const std::string& key) {
  LUMA_ASSIGN_OR_RETURN(const Path path, PathOf(key));
  LUMA_ASSIGN_OR_RETURN(Bytes bytes, ReadFile(fs_, path));
  ObjectVersion version = VersionOfContent(bytes);
  return VersionedBytes{std::move(bytes), std::move(version)};
}

Result<Bytes> LocalObjectStore::GetRange(const std::string& key, uint64_t offset, uint64_t length) {
  LUMA_ASSIGN_OR_RETURN(const Path path, PathOf(key));
  LUMA_ASSIGN_OR_RETURN(const auto file, fs_.OpenForRead(path));
  LUMA_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  LUMA_RETURN_IF_ERROR(CheckObjectRange(key, offset, length, size));
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
  LUMA_RETURN_IF_ERROR(
      Walk(fs_, directory_, "", [&](const std::string& key, const Path& path) -> Status {
        if (!key.starts_with(prefix) || !CheckObjectKey(key).ok()) return Status::Ok();
        LUMA_ASSIGN_OR_RETURN(const uint64_t size, fs_.FileSize(path));
        objects.push_back({key, size});
        return Status::Ok();
      }));
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

Result<uint64_t> LocalObjectStore::RemoveLeftovers(const std::string& prefix) {
  uint64_t removed = 0;
  LUMA_ASSIGN_OR_RETURN(const bool exists, fs_.IsDirectory(directory_));
  if (!exists) return removed;
  MutexLock lock(mutex_);
  LUMA_RETURN_IF_ERROR(
      Walk(fs_, directory_, "", [&](const std::string& key, const Path& path) -> Status {
        if (!key.starts_with(prefix) || !key.ends_with(kTemporarySuffix)) return Status::Ok();
        ++removed;
        return fs_.Remove(path);
      }));
  return removed;
}

}  // namespace luma::io
