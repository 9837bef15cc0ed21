#include "storage/backup/stored_parts.h"

#include <algorithm>

#include "storage/backup/verified_put.h"

namespace luma::storage {
namespace {

uint64_t PartSize(uint64_t file_bytes, uint64_t part) {
  return std::min(kPartBytes, file_bytes - part * kPartBytes);
}

}  // namespace

uint64_t PartCount(uint64_t file_bytes) { return (file_bytes + kPartBytes - 1) / kPartBytes; }

Result<Bytes> GetPart(io::ObjectStore& store, const std::string& prefix, uint64_t file_bytes,
                      uint64_t part) {
  const std::string key = prefix + PartName(part);
  Result<Bytes> bytes = store.Get(key);
  if (bytes.status().code() == StatusCode::kNotFound) {
    return Status::Corruption("backup is damaged: object is missing: key=", key);
  }
  if (!bytes.ok()) return bytes;
  if (bytes->size() != PartSize(file_bytes, part)) {
    return Status::Corruption("backup is damaged: object has the wrong size: key=", key,
                              " bytes=", bytes->size(), " expected=", PartSize(file_bytes, part));
  }
  return bytes;
}

Result<StoredParts> StoredParts::List(io::ObjectStore& store, const DatabaseUuid& uuid) {
  LUMA_ASSIGN_OR_RETURN(const auto objects, store.List(SegmentsPrefix(uuid)));
  StoredParts parts(store);
  for (const io::ObjectInfo& object : objects) parts.sizes_[object.key] = object.size_bytes;
  return parts;
}

bool StoredParts::Has(const std::string& key, uint64_t size_bytes) const {
  const auto found = sizes_.find(key);
  return found != sizes_.end() && found->second == size_bytes;
}

Result<bool> StoredParts::HasAll(const std::string& prefix, uint64_t file_bytes) const {
  for (uint64_t part = 0; part < PartCount(file_bytes); ++part) {
    const std::string key = prefix + PartName(part);
    const uint64_t size = PartSize(file_bytes, part);
    if (!Has(key, size)) return false;
    const auto now = store_->Head(key);
    if (now.status().code() == StatusCode::kNotFound) return false;
    if (!now.ok()) return now.status();
    if (now->size_bytes != size) return false;
  }
  return true;
}

Status StoredParts::RequireAll(const std::string& prefix, uint64_t file_bytes) const {
  for (uint64_t part = 0; part < PartCount(file_bytes); ++part) {
    const std::string key = prefix + PartName(part);
    const uint64_t size = PartSize(file_bytes, part);
    if (Has(key, size)) continue;
    const auto now = store_->Head(key);
    if (!now.ok() && now.status().code() != StatusCode::kNotFound) return now.status();
    if (now.ok() && now->size_bytes == size) continue;
    return Status::Unavailable("a part vanished while the backup was made: key=", key);
  }
  return Status::Ok();
}

Status PartUpload::Add(ByteSpan bytes) {
  while (!bytes.empty()) {
    const size_t taken = std::min<size_t>(bytes.size(), kPartBytes - part_.size());
    part_.insert(part_.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(taken));
    bytes = bytes.subspan(taken);
    if (part_.size() == kPartBytes) LUMA_RETURN_IF_ERROR(Finish());
  }
  return Status::Ok();
}

Status PartUpload::Finish() {
  if (part_.empty()) return Status::Ok();
  const std::string key = prefix_ + PartName(number_++);
  if (!there_.Has(key, part_.size())) {
    LUMA_RETURN_IF_ERROR(PutVerified(store_, key, part_));
    LUMA_RETURN_IF_ERROR(on_part_(part_.size()));
  }
  part_.clear();
  return Status::Ok();
}

}  // namespace luma::storage
