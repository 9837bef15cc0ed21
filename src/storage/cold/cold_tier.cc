#include "storage/cold/cold_tier.h"

#include <utility>

#include "base/log.h"
#include "storage/cold/cold_keys.h"
#include "storage/cold/cold_metrics.h"
#include "storage/cold/cold_object.h"
#include "storage/cold/sidecar_rebuild.h"

namespace luma::storage {
namespace {

Status NoStore() { return Status::Unavailable("no object store is configured"); }

}  // namespace

Status ColdTier::ReadError(const Status& error, ObjectId table, const std::string& key) const {
  std::string name = name_of_ ? name_of_(table) : "";
  if (name.empty()) name = std::to_string(static_cast<uint32_t>(table));
  Status cause = error;
  // Where everything is missing nothing is lost: that is another store.
  if (error.code() == StatusCode::kNotFound && owner_ != nullptr) {
    const Status mark = owner_->CheckMark();
    if (!mark.ok()) cause = mark;
  }
  switch (cause.code()) {
    case StatusCode::kNotFound:
    case StatusCode::kOutOfRange:
      return Status::Corruption("cold object is missing or cut short: table=", name,
                                " object=", key, " cause=", cause.message());
    case StatusCode::kCorruption:
      return Status::Corruption("cold rows are damaged: table=", name, " object=", key,
                                " cause=", cause.message());
    case StatusCode::kCancelled:
    case StatusCode::kOutOfMemory:
      return cause;
    default:
      return Status::Unavailable("cold rows are out of reach: table=", name, " object=", key,
                                 " cause=", cause.message());
  }
}

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
  Result<ColdSidecar> sidecar = FetchExpected(table, record);
  const StatusCode code = sidecar.status().code();
  const bool is_lost = code == StatusCode::kNotFound || code == StatusCode::kOutOfRange ||
                       code == StatusCode::kCorruption;
  if (is_lost) {
    LUMA_LOG(kWarn, "storage", "cold sidecar is lost in the object store: {}",
             sidecar.status().message());
    sidecar = Rebuild(table, record);
  }
  if (!sidecar.ok()) return ReadError(sidecar.status(), table, record.cold->key);
  return sidecar;
}

Result<ColdSidecar> ColdTier::FetchExpected(ObjectId table, const RunRecord& record) const {
  LUMA_ASSIGN_OR_RETURN(const Bytes content,
                        GetRange(ColdSidecarKey(record.cold->key), 0, record.file_bytes));
  LUMA_ASSIGN_OR_RETURN(ColdSidecar sidecar, DecodeExpected(content, table, record));
  KeepLocally(record, content);
  return sidecar;
}

// One that is not that of the manifest, to the bit, serves this process but is kept nowhere: the
// manifest could not vouch for it.
Result<ColdSidecar> ColdTier::Rebuild(ObjectId table, const RunRecord& record) const {
  if (!has_store()) return NoStore();
  LUMA_ASSIGN_OR_RETURN(ColdSidecar sidecar, RebuildSidecar(*this, table, record, *budget_));
  const Bytes encoded = EncodeColdSidecar(sidecar);
  if (!DecodeExpected(encoded, table, record).ok()) {
    LUMA_LOG(kWarn, "storage", "rebuilt cold sidecar has other bytes than before: {}",
             record.cold->key);
    return sidecar;
  }
  KeepLocally(record, encoded);
  const Status put = store_->Put(ColdSidecarKey(record.cold->key), encoded);
  if (!put.ok()) LUMA_LOG(kWarn, "storage", "rebuilt cold sidecar is not put: {}", put.message());
  return sidecar;
}

void ColdTier::KeepLocally(const RunRecord& record, ByteSpan encoded) const {
  const Status kept = io::WriteFileAtomically(fs_, directory_.cold_file(record.file_name), encoded);
  if (!kept.ok()) LUMA_LOG(kWarn, "storage", "cold sidecar is not kept: {}", kept.message());
}

Status ColdTier::Start(MemoryBudget& budget, const Clock& clock,
                       const std::string& database_prefix) {
  LUMA_RETURN_IF_ERROR(fs_.CreateDirectories(directory_.cold()));
  if (!has_store()) return Status::Ok();
  budget_ = &budget;
  owner_ = std::make_unique<ColdOwner>(fs_, directory_.cold_owner(), store_,
                                       ColdOwnerKey(database_prefix));
  LUMA_ASSIGN_OR_RETURN(objects_, ObjectCache::Open(fs_, directory_.cold_cache(), cache_bytes_max_,
                                                    store_, budget, clock));
  return Status::Ok();
}

Result<Bytes> ColdTier::GetRange(const std::string& key, uint64_t offset, uint64_t length) const {
  if (objects_ == nullptr) return NoStore();
  return objects_->GetRange(key, offset, length);
}

Result<std::shared_ptr<const ColdBytes>> ColdTier::Object(const std::string& key,
                                                          const ColdSidecar& sidecar) const {
  if (objects_ == nullptr) return ReadError(NoStore(), sidecar.table_id, key);
  return std::shared_ptr<const ColdBytes>(
      std::make_shared<const ColdObject>(*this, *objects_, key, sidecar));
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
