// CRC32C (Castagnoli, RFC 3720 appendix B.4), with the processor's instruction where there is one.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace luma {

// Continues `seed` (0 to start, or an earlier result) over `bytes`.
uint32_t Crc32c(ByteSpan bytes, uint32_t seed = 0);

}  // namespace luma
