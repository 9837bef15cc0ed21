#include "storage/cold/cold_object.h"

#include <algorithm>
#include <utility>

#include "base/crc32c.h"
#include "storage/cold/cold_metrics.h"
#include "storage/cold/cold_tier.h"

namespace luma::storage {

Status ColdObject::Read(uint64_t offset, std::span<std::byte> out) const {
  const Status read = bytes_->Read(offset, out);
  if (!read.ok()) return tier_.ReadError(read, table_, name());
  ColdMetrics::Get().read_bytes.Add(out.size());
  return read;
}

Result<std::shared_ptr<const ColdFileBytes>> ColdFileBytes::Open(io::FileSystem& fs,
                                                                 const io::Path& path) {
  LUMA_ASSIGN_OR_RETURN(auto file, fs.OpenForRead(path));
  LUMA_ASSIGN_OR_RETURN(const uint64_t size_bytes, file->Size());
  return std::shared_ptr<const ColdFileBytes>(new ColdFileBytes(std::move(file), size_bytes));
}

Result<ColdDigests> DigestOf(const ColdBytes& bytes) {
  ColdDigests digests;
  digests.object.size_bytes = bytes.size_bytes();
  Bytes piece(kColdPieceBytes);
  for (uint64_t offset = 0; offset < bytes.size_bytes(); offset += kColdPieceBytes) {
    piece.resize(std::min<uint64_t>(kColdPieceBytes, bytes.size_bytes() - offset));
    LUMA_RETURN_IF_ERROR(bytes.Read(offset, piece));
    digests.object.crc32c = Crc32c(piece, digests.object.crc32c);
    digests.piece_crc32c.push_back(Crc32c(piece));
  }
  return digests;
}

}  // namespace luma::storage
