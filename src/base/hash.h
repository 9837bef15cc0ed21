// Hashes that may be stored on disk: XXH3, stable across versions and machines.
#pragma once

#include <compare>
#include <cstdint>

#include "base/bytes.h"

namespace luma {

struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;
  auto operator<=>(const Hash128&) const = default;
};

uint64_t Hash64(ByteSpan bytes, uint64_t seed = 0);
Hash128 HashBytes128(ByteSpan bytes);

}  // namespace luma
