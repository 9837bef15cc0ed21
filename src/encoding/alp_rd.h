// Doubles that are no decimals, cut in two: a few different upper parts (sign, exponent, the first
// digits) as indexes of a dictionary, the lower parts packed as they are. ALP-RD: Afroozeh, Kuffo
// and Boncz, SIGMOD 2024, section 3.4. Bytes: docs/formats/alp_rd.md.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace luma::encoding {

// Appends the payload of values given as the bits of doubles.
void EncodeAlpRd(std::span<const uint64_t> values, Bytes& out);

// Fills `out`. False: the bytes are not such a payload; `out` is then unspecified.
[[nodiscard]] bool DecodeAlpRd(ByteReader& reader, std::span<uint64_t> out);

}  // namespace luma::encoding
