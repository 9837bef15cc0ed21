#include "storage/backup/verified_put.h"

#include "base/crc32c.h"
#include "base/log.h"

namespace luma::storage {
namespace {

Status Verify(io::ObjectStore& store, const std::string& key, ByteSpan bytes) {
  const Status verified =
      io::VerifyObject(store, key, {.size_bytes = bytes.size(), .crc32c = Crc32c(bytes)});
  if (verified.code() != StatusCode::kCorruption) return verified;
  const Status deleted = store.Delete(key);
  if (!deleted.ok()) {
    LUMA_LOG(kError, "backup", "a damaged object stays: key={} {}", key, deleted.message());
  }
  return verified;
}

}  // namespace

Status PutVerified(io::ObjectStore& store, const std::string& key, ByteSpan bytes) {
  LUMA_RETURN_IF_ERROR(store.Put(key, bytes));
  return Verify(store, key, bytes);
}

Status PutNewVerified(io::ObjectStore& store, const std::string& key, ByteSpan bytes) {
  LUMA_RETURN_IF_ERROR(store.PutIfAbsent(key, bytes));
  return Verify(store, key, bytes);
}

}  // namespace luma::storage
