// A segment file as parts in a backup destination: docs/formats/backup.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/status.h"
#include "io/file_system.h"
#include "io/object_store.h"
#include "storage/backup/backup_format.h"
#include "storage/backup/stored_parts.h"
#include "storage/warm/segment_reader.h"

namespace luma::storage {

ExpectedSegment ExpectedOf(ObjectId table, const RunRecord& record);

// Uploads the parts that are not in `there`, every block verified on the way. Memory: a part and a
// block. Errors: kCorruption naming the file and the offset; those of the store and of `on_part`.
Status UploadSegment(io::FileSystem& fs, const io::Path& path, const ExpectedSegment& expected,
                     io::ObjectStore& store, const std::string& prefix, const StoredParts& there,
                     const OnPart& on_part);

// Writes the file, which does not exist, and verifies every block of what was written. Durable
// after a SyncDirectory. Errors: kCorruption naming the object.
Status DownloadSegment(io::ObjectStore& store, const std::string& prefix,
                       const ExpectedSegment& expected, io::FileSystem& fs, const io::Path& path,
                       const OnPart& on_part);

// The parts as a file. Keeps the part that was read last. Lifetime: `store` outlives it.
class StoredFile final : public io::RandomAccessFile {
 public:
  StoredFile(io::ObjectStore& store, std::string prefix, uint64_t size_bytes)
      : store_(store), prefix_(std::move(prefix)), size_bytes_(size_bytes) {}

  Result<size_t> ReadSome(uint64_t offset, std::span<std::byte> to) const override;
  Result<uint64_t> Size() const override { return size_bytes_; }
  Result<std::shared_ptr<const io::Mapping>> Map() const override;
  const io::Path& path() const override { return prefix_; }

 private:
  Status LoadPart(uint64_t part) const LUMA_REQUIRES(mutex_);

  io::ObjectStore& store_;
  const std::string prefix_;
  const uint64_t size_bytes_;
  mutable Mutex mutex_;
  mutable uint64_t loaded_part_ LUMA_GUARDED_BY(mutex_) = UINT64_MAX;
  mutable Bytes loaded_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::storage
