#include "storage/cold/cold_object.h"

#include <algorithm>
#include <utility>

#include "base/crc32c.h"
#include "storage/cold/cold_metrics.h"

namespace luma::storage {
Status ColdReadError(const Status& error, ObjectId table, const std::string& key) {
  const auto id = static_cast<uint32_t>(table);
  switch (error.code()) {
    case StatusCode::kNotFound:
    case StatusCode::kOutOfRange:
      return Status::Corruption("cold object is missing or cut short: table=", id, " object=", key,
                                " cause=", error.message());
    case StatusCode::kCorruption:
      return Status::Corruption("cold rows are damaged: table=", id, " object=", key,
                                " cause=", error.message());
    case StatusCode::kCancelled:
    case StatusCode::kOutOfMemory:
      return error;
    default:
      return Status::Unavailable("cold rows are out of reach: table=", id, " object=", key,
                                 " cause=", error.message());
  }
}

Status ColdObject::Read(uint64_t offset, std::span<std::byte> out) const {
  const Status read = bytes_->Read(offset, out);
  if (!read.ok()) return ColdReadError(read, table_, name());
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
