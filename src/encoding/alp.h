// Decimal doubles whose integers unpack, get their base and become doubles in one pass: ALP
// (Afroozeh, Kuffo and Boncz, SIGMOD 2024) in the lanes of FastLanes. Bytes:
// docs/formats/decimal.md.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "encoding/decimal.h"

namespace luma::encoding {

// Appends the payload of `values`, which SplitDecimals() made the decimals of.
void EncodeAlp(std::span<const double> values, Decimals decimals, Bytes& out);

// About the bytes that this appends, without the work of packing them.
size_t AlpBytes(const Decimals& decimals);

// Fills `out` with the bits of doubles. False: the bytes are not such a payload; `out` is then
// unspecified.
[[nodiscard]] bool DecodeAlp(ByteReader& reader, std::span<uint64_t> out);

}  // namespace luma::encoding
