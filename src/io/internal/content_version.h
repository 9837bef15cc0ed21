// Versions of objects in stores that have none of their own.
#pragma once

#include <fmt/format.h>

#include "base/hash.h"
#include "io/object_store.h"

namespace luma::io {

inline ObjectVersion VersionOfContent(ByteSpan bytes) {
  const Hash128 hash = HashBytes128(bytes);
  return fmt::format("{:016x}{:016x}-{}", hash.high, hash.low, bytes.size());
}

}  // namespace luma::io
