#include "prom/snappy_body.h"

#include <snappy.h>

namespace luma::prom {

Result<size_t> UncompressedBytes(std::string_view body, uint64_t bytes_max) {
  size_t length = 0;
  if (!snappy::GetUncompressedLength(body.data(), body.size(), &length)) {
    return Status::InvalidArgument("bad snappy: no length");
  }
  // snappy expands at most about 64 bytes for 3, so a longer claim is a lie and costs no memory.
  if (length > body.size() * 32) return Status::InvalidArgument("bad snappy: length=", length);
  if (length > bytes_max) {
    return Status::TooLarge("request too large: decoded_bytes=", length, " limit=", bytes_max);
  }
  return length;
}

}  // namespace luma::prom
