// Unpacks what lane_packing.h packs, and finishes the values in the same pass. Threads: any.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "encoding/simd/decimals.h"

namespace luma::encoding {

// out[i] = base + value i of the packed `bytes`, modulo 2^64. At most kVectorValues values of
// `width` (0..kLaneWidthMax) bits; `bytes` has exactly LaneShape(out.size(), width).bytes().
void UnpackLanes(ByteSpan bytes, int width, uint64_t base, std::span<uint64_t> out);

// The same, and each result, as an int64, divided by a power of ten as DivideToDoubles() does.
void UnpackLanesToDoubles(ByteSpan bytes, int width, uint64_t base, const PowerOfTen& divisor,
                          std::span<uint64_t> out);

}  // namespace luma::encoding
