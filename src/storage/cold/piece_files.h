// Pieces of cold objects as files in one directory, up to a number of bytes: the disk part of
// ObjectCache, which says what is in a piece and whether it is right.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>

#include "base/mutex.h"
#include "io/file_system.h"

namespace luma::storage {

// Files that were there when it was opened are pieces too: what a restart leaves is used again.
// Nothing is synced, so a crash may leave a file cut or with other bytes; readers verify. The least
// recently used pieces leave first. Nothing here is worth an error: a piece that cannot be read is
// not there, one that cannot be written is not kept.
// Threads: every method from any thread. Lifetime: `fs` must outlive it.
class PieceFiles {
 public:
  // Makes the directory, which must be the cache's alone.
  static Result<std::unique_ptr<PieceFiles>> Open(io::FileSystem& fs, io::Path directory,
                                                  uint64_t bytes_max);

  // Fills `out` from `offset` of the piece; false when it is not there or ends earlier.
  bool Read(const std::string& name, uint64_t offset, std::span<std::byte> out)
      LUMA_EXCLUDES(mutex_);
  // Keeps a piece that is not there yet. The disk keeps kFreeBytesMin for data that matters more.
  void Keep(const std::string& name, ByteSpan bytes) LUMA_EXCLUDES(mutex_);
  void Drop(const std::string& name) LUMA_EXCLUDES(mutex_);
  uint64_t bytes() const LUMA_EXCLUDES(mutex_);

  // Room for the log and for flushes, which must not meet a disk filled by a cache.
  static constexpr uint64_t kFreeBytesMin = 256 << 20;

 private:
  struct Piece {
    std::string name;
    uint64_t bytes;
  };

  PieceFiles(io::FileSystem& fs, io::Path directory, uint64_t bytes_max)
      : fs_(fs), directory_(std::move(directory)), bytes_max_(bytes_max) {}
  Status AddExisting() LUMA_EXCLUDES(mutex_);
  bool MarkUsed(const std::string& name) LUMA_EXCLUDES(mutex_);
  bool Write(const std::string& name, ByteSpan bytes);
  void Add(const std::string& name, uint64_t bytes) LUMA_REQUIRES(mutex_);
  // Forgets and removes the file.
  void Erase(std::list<Piece>::iterator piece) LUMA_REQUIRES(mutex_);
  io::Path PathOf(const std::string& name) const { return io::JoinPath(directory_, name); }

  io::FileSystem& fs_;
  const io::Path directory_;
  const uint64_t bytes_max_;
  mutable Mutex mutex_;
  std::list<Piece> pieces_ LUMA_GUARDED_BY(mutex_);  // most recently used first
  std::unordered_map<std::string, std::list<Piece>::iterator> by_name_ LUMA_GUARDED_BY(mutex_);
  uint64_t bytes_ LUMA_GUARDED_BY(mutex_) = 0;
};

}  // namespace luma::storage
