// Files and directories as an interface: Posix() is the machine's, SimDisk (io/sim_disk.h) the one
// that crash tests pull the plug on.
//
// Errors, everywhere in this file: kDiskFull for ENOSPC and EDQUOT, kNotFound for ENOENT,
// kAlreadyExists for EEXIST, else kIoError; messages name the path and the error text.
// Durability: nothing is durable until the Sync named in its contract has returned OK, and a Sync
// that failed must never be tried again: the kernel has dropped the dirty pages and would lie.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace luma::io {

using Path = std::string;

Path JoinPath(std::string_view directory, std::string_view name);
// "/a/b" -> "/a"; "b" -> ".".
Path ParentPath(std::string_view path);

// Bytes of a file that stay readable for as long as the object lives, also when the file is
// removed.
class Mapping {
 public:
  virtual ~Mapping() = default;
  virtual ByteSpan bytes() const = 0;
};

// Threads: every method from any thread.
class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;

  // Reads exactly `to.size()` bytes. A file that ends earlier is kCorruption naming path and
  // offset.
  Status ReadAt(uint64_t offset, std::span<std::byte> to) const;
  // Reads up to `to.size()` bytes; fewer only at the end of the file.
  virtual Result<size_t> ReadSome(uint64_t offset, std::span<std::byte> to) const = 0;
  virtual Result<uint64_t> Size() const = 0;
  // The whole file without copying where the system can. The file must not shrink while it is
  // mapped (segment files never change). A failing disk kills the process when a mapped page is
  // touched: use ReadAt where an error must be reported.
  virtual Result<std::shared_ptr<const Mapping>> Map() const = 0;
  virtual const Path& path() const = 0;
};

// Threads: one at a time, except that Sync may run beside a write; it covers every write that
// returned before it was called. The destructor closes without syncing.
class WritableFile {
 public:
  virtual ~WritableFile() = default;

  virtual Status Append(ByteSpan bytes) = 0;
  // Overwrites in place, extending the file if need be. After an error any part may be written.
  virtual Status WriteAt(uint64_t offset, ByteSpan bytes) = 0;
  // Makes all bytes and the size durable (fdatasync), but not the file's name: see SyncDirectory.
  virtual Status Sync() = 0;
  // Grows the file to `bytes` by writing zeros (never a hole), so that later overwrites allocate
  // nothing, change no metadata and cannot meet a full disk. Never shrinks. Sync afterwards.
  virtual Status Preallocate(uint64_t bytes) = 0;
  virtual Result<uint64_t> Size() const = 0;
  // Later calls fail. Does not sync.
  virtual Status Close() = 0;
  virtual const Path& path() const = 0;
};

// Held while it lives; see FileSystem::LockDirectory.
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
};

enum class CreateMode : uint8_t { kTruncate, kExclusive };

// Threads: every method from any thread. Lifetime: files may outlive the FileSystem object.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::shared_ptr<const RandomAccessFile>> OpenForRead(const Path& path) = 0;
  // kExclusive fails with kAlreadyExists. The name is durable after SyncDirectory of the parent.
  virtual Result<std::unique_ptr<WritableFile>> Create(const Path& path, CreateMode mode) = 0;
  // An existing file, contents kept; Append continues at its end.
  virtual Result<std::unique_ptr<WritableFile>> OpenForWrite(const Path& path) = 0;

  // Atomic, replaces `to`. Durable after SyncDirectory of the parent (of both, if they differ).
  virtual Status Rename(const Path& from, const Path& to) = 0;
  // A file. Durable after SyncDirectory of the parent.
  virtual Status Remove(const Path& path) = 0;
  virtual Status SyncDirectory(const Path& path) = 0;
  // Makes `path` and its missing parents, durable on return. OK when it exists: then its name is
  // made durable, in case the process that made it died before that.
  virtual Status CreateDirectories(const Path& path) = 0;

  // Names (not paths) of files and directories in `path`, sorted.
  virtual Result<std::vector<std::string>> List(const Path& path) = 0;
  virtual Result<bool> Exists(const Path& path) = 0;
  virtual Result<bool> IsDirectory(const Path& path) = 0;  // false when nothing is there
  virtual Result<uint64_t> FileSize(const Path& path) = 0;
  virtual Result<uint64_t> FreeBytes(const Path& path) = 0;

  // Takes the lock of `directory` (flock on its file LOCK), so that two servers never share a data
  // directory. kUnavailable when another holder lives. Released by destruction or process death.
  virtual Result<std::unique_ptr<DirectoryLock>> LockDirectory(const Path& directory) = 0;

  // The machine's file system; lives for ever.
  static FileSystem& Posix();
};

// The whole file. Allocates its size; the caller knows it is small or bounded.
Result<Bytes> ReadFile(FileSystem& fs, const Path& path);

// Replaces or creates `path` so that a crash leaves the old or the new content, whole: writes
// "<path>.tmp", syncs it, renames it, syncs the directory. Durable on return.
Status WriteFileAtomically(FileSystem& fs, const Path& path, ByteSpan bytes);

}  // namespace luma::io
