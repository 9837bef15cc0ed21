// Delta of delta: integers as bit-packed changes of the difference between neighbours, made for
// timestamps. The idea is Gorilla's (Pelkonen et al., VLDB 2015, section 4.1.1); its
// variable-length codes are replaced by patched bit packing, which spends no bit on a regular
// timestamp and decodes a chunk at a time. Bytes: docs/formats/integers.md.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace luma::encoding {

// Appends the encoded values; none for an empty span.
void EncodeDeltaOfDelta(std::span<const uint64_t> values, Bytes& out);

// Fills `out`. False: the bytes are not such an encoding; `out` is then unspecified.
[[nodiscard]] bool DecodeDeltaOfDelta(ByteReader& reader, std::span<uint64_t> out);

}  // namespace luma::encoding
