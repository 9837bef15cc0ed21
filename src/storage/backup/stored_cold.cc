#include "storage/backup/stored_cold.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "base/crc32c.h"
#include "storage/backup/stored_segment.h"
#include "storage/backup/verified_put.h"
#include "storage/cold/cold_keys.h"
#include "storage/cold/cold_sidecar.h"

namespace luma::storage {
namespace {

Status CheckSidecar(ByteSpan bytes, const RunRecord& record, std::string_view key) {
  const bool is_whole = bytes.size() == record.file_bytes && DecodeColdSidecar(bytes).ok() &&
                        ColdSidecarCrc(bytes) == record.footer_crc;
  return is_whole ? Status::Ok()
                  : Status::Corruption("sidecar is not the one of the manifest: key=", key);
}

// A missing object is damage here, not a mistake of the caller.
Result<Bytes> GetOrDamage(Result<Bytes> bytes, std::string_view key) {
  if (bytes.status().code() != StatusCode::kNotFound) return bytes;
  return Status::Corruption("object is missing: key=", key);
}

Result<Bytes> ReadColdSidecar(io::ObjectStore& cold, const RunRecord& record) {
  const std::string key = ColdSidecarKey(record.cold->key);
  LUMA_ASSIGN_OR_RETURN(Bytes bytes, GetOrDamage(cold.Get(key), key));
  LUMA_RETURN_IF_ERROR(CheckSidecar(bytes, record, key));
  return bytes;
}

Result<Bytes> ReadStoredSidecar(io::ObjectStore& store, const DatabaseUuid& uuid,
                                const RunRecord& record) {
  const std::string prefix = SegmentPrefix(uuid, record);
  Bytes bytes;
  for (uint64_t part = 0; part < PartCount(record.file_bytes); ++part) {
    LUMA_ASSIGN_OR_RETURN(const Bytes one, GetPart(store, prefix, record.file_bytes, part));
    bytes.insert(bytes.end(), one.begin(), one.end());
  }
  LUMA_RETURN_IF_ERROR(CheckSidecar(bytes, record, prefix));
  return bytes;
}

// Hands out the object from a backup and compares its checksum at the end.
Status ReadStoredObject(io::ObjectStore& store, const DatabaseUuid& uuid,
                        const ColdObjectRecord& object,
                        const std::function<Status(ByteSpan)>& take) {
  const std::string prefix = ColdObjectPrefix(uuid, object);
  uint32_t crc = 0;
  for (uint64_t part = 0; part < PartCount(object.bytes); ++part) {
    LUMA_ASSIGN_OR_RETURN(const Bytes bytes, GetPart(store, prefix, object.bytes, part));
    crc = Crc32c(bytes, crc);
    LUMA_RETURN_IF_ERROR(take(bytes));
  }
  if (crc == object.crc32c) return Status::Ok();
  return Status::Corruption("backup is damaged: bad checksum: key=", prefix);
}

// `bytes` begin at a piece; so no part that differs from its sidecar ever gets uploaded.
Status CheckPieces(const ColdSidecar& sidecar, uint64_t offset, ByteSpan bytes,
                   const std::string& key) {
  for (size_t at = 0; at < bytes.size(); at += kColdPieceBytes) {
    const size_t size = std::min<size_t>(kColdPieceBytes, bytes.size() - at);
    const size_t piece = (offset + at) / kColdPieceBytes;
    if (piece < sidecar.piece_crc32c.size() &&
        Crc32c(bytes.subspan(at, size)) == sidecar.piece_crc32c[piece]) {
      continue;
    }
    return Status::Corruption("bad checksum of an object of the cold tier: key=", key,
                              " offset=", offset + at);
  }
  return Status::Ok();
}

Status UploadObject(io::ObjectStore& cold, const ColdObjectRecord& object,
                    const ColdSidecar& sidecar, PartUpload& upload) {
  static_assert(kPartBytes % kColdPieceBytes == 0);
  for (uint64_t offset = 0; offset < object.bytes; offset += kPartBytes) {
    LUMA_ASSIGN_OR_RETURN(
        const Bytes bytes,
        GetOrDamage(cold.GetRange(object.key, offset, std::min(kPartBytes, object.bytes - offset)),
                    object.key));
    LUMA_RETURN_IF_ERROR(CheckPieces(sidecar, offset, bytes, object.key));
    LUMA_RETURN_IF_ERROR(upload.Add(bytes));
  }
  return upload.Finish();
}

Status PutCold(io::ObjectStore& cold, const std::string& key, io::FileSystem& fs,
               const io::Path& path, const ColdObjectRecord& object) {
  LUMA_RETURN_IF_ERROR(cold.PutFile(key, fs, path).status());
  return io::VerifyObject(cold, key, {.size_bytes = object.bytes, .crc32c = object.crc32c});
}

}  // namespace

std::string ColdObjectPrefix(const DatabaseUuid& uuid, const ColdObjectRecord& object) {
  return fmt::format("{}{}.{:08x}/", SegmentsPrefix(uuid),
                     object.key.substr(object.key.rfind('/') + 1), object.crc32c);
}

Status UploadColdRun(io::ObjectStore& cold, const RunRecord& record, io::ObjectStore& store,
                     const DatabaseUuid& uuid, const StoredParts& there, const OnPart& on_part) {
  const std::string object_prefix = ColdObjectPrefix(uuid, *record.cold);
  const std::string prefix = SegmentPrefix(uuid, record);
  LUMA_ASSIGN_OR_RETURN(const bool has_object, there.HasAll(object_prefix, record.cold->bytes));
  LUMA_ASSIGN_OR_RETURN(const bool has_sidecar, there.HasAll(prefix, record.file_bytes));
  if (has_object && has_sidecar) return Status::Ok();
  LUMA_ASSIGN_OR_RETURN(const Bytes bytes, ReadColdSidecar(cold, record));
  PartUpload sidecar_upload(store, prefix, there, on_part);
  LUMA_RETURN_IF_ERROR(sidecar_upload.Add(bytes));
  LUMA_RETURN_IF_ERROR(sidecar_upload.Finish());
  if (has_object) return Status::Ok();
  LUMA_ASSIGN_OR_RETURN(const ColdSidecar sidecar, DecodeColdSidecar(bytes));
  PartUpload upload(store, object_prefix, there, on_part);
  return UploadObject(cold, *record.cold, sidecar, upload);
}

Status DownloadColdRun(io::ObjectStore& store, const DatabaseUuid& uuid, const RunRecord& record,
                       io::FileSystem& fs, const io::Path& folder, io::ObjectStore& cold,
                       const std::string& key, const OnPart& on_part) {
  const io::Path path = io::JoinPath(folder, record.file_name + ".object.tmp");
  LUMA_ASSIGN_OR_RETURN(const auto file, fs.Create(path, io::CreateMode::kTruncate));
  LUMA_RETURN_IF_ERROR(ReadStoredObject(store, uuid, *record.cold, [&](ByteSpan bytes) {
    LUMA_RETURN_IF_ERROR(file->Append(bytes));
    return on_part(bytes.size());
  }));
  LUMA_RETURN_IF_ERROR(file->Close());
  LUMA_RETURN_IF_ERROR(PutCold(cold, key, fs, path, *record.cold));
  LUMA_RETURN_IF_ERROR(fs.Remove(path));
  LUMA_ASSIGN_OR_RETURN(const Bytes sidecar, ReadStoredSidecar(store, uuid, record));
  LUMA_RETURN_IF_ERROR(PutVerified(cold, ColdSidecarKey(key), sidecar));
  return io::WriteFileAtomically(fs, io::JoinPath(folder, record.file_name), sidecar);
}

Status CheckStoredColdRun(io::ObjectStore& store, const DatabaseUuid& uuid, const RunRecord& record,
                          const OnPart& on_part) {
  LUMA_RETURN_IF_ERROR(ReadStoredSidecar(store, uuid, record).status());
  return ReadStoredObject(store, uuid, *record.cold,
                          [&](ByteSpan bytes) { return on_part(bytes.size()); });
}

Status CheckColdRun(io::ObjectStore& cold, const RunRecord& record) {
  LUMA_RETURN_IF_ERROR(ReadColdSidecar(cold, record).status());
  return io::VerifyObject(cold, record.cold->key,
                          {.size_bytes = record.cold->bytes, .crc32c = record.cold->crc32c});
}

}  // namespace luma::storage
