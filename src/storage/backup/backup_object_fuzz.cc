// Any bytes: DecodeBackup and DecodeLogChunk answer with an error or with something bounded.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/crc32c.h"
#include "storage/backup/backup_format.h"

namespace {

// What lies behind the checksum is only reached with a right one.
luma::Bytes WithRightChecksum(const uint8_t* data, size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  luma::Bytes bytes(input.begin(), input.end());
  if (size >= 16) luma::StoreLe(bytes.data() + 12, luma::Crc32c(luma::ByteSpan(bytes).subspan(16)));
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const luma::Bytes object = WithRightChecksum(data, size);
  (void)luma::storage::DecodeBackup(object, "backups/fuzz").ok();
  const luma::storage::LogChunkKey key{luma::storage::Lsn{1}, luma::storage::Lsn{3}};
  (void)luma::storage::DecodeLogChunk(object, {}, key, "log/fuzz").ok();
  return 0;
}
