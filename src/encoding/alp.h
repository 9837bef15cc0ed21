// Decimal doubles whose integers unpack, get their base and become doubles in one pass: ALP
// (Afroozeh, Kuffo and Boncz, SIGMOD 2024) in the lanes of FastLanes. Bytes:
// docs/formats/decimal.md.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace luma::encoding {

// Appends the payload.
void EncodeAlp(std::span<const double> values, Bytes& out);

// Fills `out` with the bits of doubles. False: the bytes are not such a payload; `out` is then
// unspecified.
[[nodiscard]] bool DecodeAlp(ByteReader& reader, std::span<uint64_t> out);

}  // namespace luma::encoding
