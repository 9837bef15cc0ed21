// Any bytes: a time or an error; a time is written back as the same bytes.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/check.h"
#include "storage/retention/expiry_clock_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const luma::ByteSpan bytes(reinterpret_cast<const std::byte*>(data), size);
  const luma::Result<luma::UnixMillis> time = luma::storage::DecodeExpiryClock(bytes);
  if (!time.ok()) return 0;
  const luma::Bytes again = luma::storage::EncodeExpiryClock(*time);
  LUMA_CHECK(again.size() == size && std::memcmp(again.data(), data, size) == 0);
  return 0;
}
