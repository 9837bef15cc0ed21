// Frame of reference: integers as bit-packed distances from the smallest. Bytes:
// docs/formats/integers.md.
//
// The integer codecs work on 64-bit words; narrower types are widened first (integer_column.h).
// Arithmetic wraps modulo 2^64, so every value of every type survives.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "encoding/patched_packing.h"

namespace luma::encoding {

// Appends the encoded values; none for an empty span.
void EncodeForBitPack(std::span<const uint64_t> values, Patching patching, Bytes& out);

// Fills `out`. False: the bytes are not such an encoding; `out` is then unspecified.
[[nodiscard]] bool DecodeForBitPack(ByteReader& reader, std::span<uint64_t> out);

}  // namespace luma::encoding
