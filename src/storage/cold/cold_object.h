// The bytes of cold objects as readers of the file format see them.
#pragma once

#include <memory>
#include <string>

#include "io/file_system.h"
#include "io/object_store.h"
#include "storage/catalog.h"
#include "storage/cold/cold_format.h"
#include "storage/cold/cold_sidecar.h"
#include "storage/cold/object_cache.h"

namespace luma::storage {

class ColdTier;

// An object in the store, read through the cache: errors are those of ColdTier::ReadError.
class ColdObject final : public ColdBytes {
 public:
  // Lifetime: `tier` must outlive it.
  ColdObject(const ColdTier& tier, ObjectCache& objects, const std::string& key,
             const ColdSidecar& sidecar)
      : tier_(tier),
        table_(sidecar.table_id),
        bytes_(objects.Object({.key = key,
                               .size_bytes = sidecar.object.size_bytes,
                               .crc32c = sidecar.piece_crc32c})) {}

  const std::string& name() const override { return bytes_->name(); }
  uint64_t size_bytes() const override { return bytes_->size_bytes(); }
  Status Read(uint64_t offset, std::span<std::byte> out) const override;

 private:
  const ColdTier& tier_;
  const ObjectId table_;
  const std::shared_ptr<const ColdBytes> bytes_;
};

// A file on the local disk, as it was just written.
class ColdFileBytes final : public ColdBytes {
 public:
  static Result<std::shared_ptr<const ColdFileBytes>> Open(io::FileSystem& fs,
                                                           const io::Path& path);

  const std::string& name() const override { return file_->path(); }
  uint64_t size_bytes() const override { return size_bytes_; }
  Status Read(uint64_t offset, std::span<std::byte> out) const override {
    return file_->ReadAt(offset, out);
  }

 private:
  ColdFileBytes(std::shared_ptr<const io::RandomAccessFile> file, uint64_t size_bytes)
      : file_(std::move(file)), size_bytes_(size_bytes) {}

  const std::shared_ptr<const io::RandomAccessFile> file_;
  const uint64_t size_bytes_;
};

// Digest of all bytes, and of each piece of kColdPieceBytes.
struct ColdDigests {
  io::ObjectDigest object;
  std::vector<uint32_t> piece_crc32c;
};
Result<ColdDigests> DigestOf(const ColdBytes& bytes);

}  // namespace luma::storage
