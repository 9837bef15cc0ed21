#include "storage/cold/cold_tier.h"

#include <utility>

#include "base/log.h"
#include "storage/cold/cold_keys.h"
#include "storage/cold/cold_metrics.h"
#include "storage/cold/cold_object.h"

namespace luma::storage {
namespace {

Status NoStore(ObjectId table, const std::string& key) {
  return ColdReadError(Status::Unavailable("no object store is configured"), table, key);
}

}  // namespace

Result<ColdSidecar> ColdTier::DecodeExpected(ByteSpan bytes, ObjectId table,
                                             const RunRecord& record) const {
  LUMA_ASSIGN_OR_RETURN(ColdSidecar sidecar, DecodeColdSidecar(bytes));
  const io::ObjectDigest object{record.cold->bytes, record.cold->crc32c};
  const bool is_expected = bytes.size() == record.file_bytes &&
                           ColdSidecarCrc(bytes) == record.footer_crc &&
                           sidecar.table_id == table && sidecar.run_id == record.id &&
                           sidecar.row_count == record.row_count && sidecar.object == object;
  if (!is_expected) return Status::Corruption("cold sidecar is not the one of the manifest");
  return sidecar;
}

Result<ColdSidecar> ColdTier::ReadLocalSidecar(ObjectId table, const RunRecord& record) const {
  const io::Path path = directory_.cold_file(record.file_name);
  LUMA_ASSIGN_OR_RETURN(const uint64_t bytes, fs_.FileSize(path));
  if (bytes != record.file_bytes) {
    return Status::Corruption("cold sidecar has another size: path=", path, " bytes=", bytes,
                              " expected=", record.file_bytes);
  }
  LUMA_ASSIGN_OR_RETURN(const Bytes content, io::ReadFile(fs_, path));
  Result<ColdSidecar> sidecar = DecodeExpected(content, table, record);
  if (!sidecar.ok()) return sidecar.status().WithContext(path);
  return sidecar;
}

Result<ColdSidecar> ColdTier::FetchSidecar(ObjectId table, const RunRecord& record) const {
  const std::string key = ColdSidecarKey(record.cold->key);
  if (objects_ == nullptr) return NoStore(table, key);
  const Result<Bytes> content = objects_->GetRange(key, 0, record.file_bytes);
  if (!content.ok()) return ColdReadError(content.status(), table, key);
  Result<ColdSidecar> sidecar = DecodeExpected(*content, table, record);
  if (!sidecar.ok()) return sidecar.status().WithContext(key);
  const Status kept =
      io::WriteFileAtomically(fs_, directory_.cold_file(record.file_name), *content);
  if (!kept.ok()) LUMA_LOG(kWarn, "storage", "cold sidecar is not kept: {}", kept.message());
  return sidecar;
}

Status ColdTier::Start(MemoryBudget& budget, const Clock& clock) {
  LUMA_RETURN_IF_ERROR(fs_.CreateDirectories(directory_.cold()));
  if (!has_store()) return Status::Ok();
  LUMA_ASSIGN_OR_RETURN(objects_, ObjectCache::Open(fs_, directory_.cold_cache(), cache_bytes_max_,
                                                    store_, budget, clock));
  return Status::Ok();
}

Result<std::shared_ptr<const ColdBytes>> ColdTier::Object(const std::string& key,
                                                          const ColdSidecar& sidecar) const {
  if (objects_ == nullptr) return NoStore(sidecar.table_id, key);
  return std::shared_ptr<const ColdBytes>(
      std::make_shared<const ColdObject>(*objects_, key, sidecar));
}

void ColdTier::Discard(const std::string& key) {
  MutexLock lock(mutex_);
  discarded_.insert(key);
}

Status ColdTier::DeleteDiscarded() {
  std::set<std::string> keys;
  {
    MutexLock lock(mutex_);
    keys.swap(discarded_);
  }
  Status first_error;
  for (const std::string& key : keys) {
    const Status deleted = store_->Delete(key);
    if (deleted.ok()) {
      ColdMetrics::Get().deleted_objects.Add();
      continue;
    }
    Discard(key);
    if (first_error.ok()) first_error = deleted;
  }
  return first_error;
}

size_t ColdTier::discarded_count() const {
  MutexLock lock(mutex_);
  return discarded_.size();
}

}  // namespace luma::storage
