// Doubles as the XOR with the previous value: Pelkonen et al., "Gorilla: A Fast, Scalable,
// In-Memory Time Series Database", VLDB 2015, section 4.1.2. Keeps every bit, NaN payloads
// included. Bytes: docs/formats/gorilla.md.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace luma::encoding {

// Appends the encoded values, given as the bits of doubles; none for an empty span.
void EncodeGorilla(std::span<const uint64_t> values, Bytes& out);

// Fills `out`. False: the bytes are not such an encoding; `out` is then unspecified.
[[nodiscard]] bool DecodeGorilla(ByteReader& reader, std::span<uint64_t> out);

}  // namespace luma::encoding
