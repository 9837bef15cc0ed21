// Delta: integers as bit-packed differences from the previous value, counted from the typical
// difference so that steadily growing values need few bits. Bytes: docs/formats/integers.md.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "encoding/patched_packing.h"

namespace luma::encoding {

// Appends the encoded values; none for an empty span.
void EncodeDeltaBitPack(std::span<const uint64_t> values, Patching patching, Bytes& out);

// Fills `out`. False: the bytes are not such an encoding; `out` is then unspecified.
[[nodiscard]] bool DecodeDeltaBitPack(ByteReader& reader, std::span<uint64_t> out);

}  // namespace luma::encoding
