// Unsigned integers of a fixed number of bits, laid end to end. Bytes: docs/formats/integers.md.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace luma::encoding {

constexpr int kBitWidthMax = 64;

// Bits needed to hold `value`; 0 for 0.
constexpr int BitWidth(uint64_t value) { return std::bit_width(value); }

constexpr size_t PackedBytes(size_t count, int width) { return (count * width + 7) / 8; }

// Small magnitudes of either sign become small numbers: 0, -1, 1, -2 -> 0, 1, 2, 3.
constexpr uint64_t ZigZag(uint64_t value) {
  return (value << 1) ^ (static_cast<int64_t>(value) < 0 ? ~uint64_t{0} : 0);
}
constexpr uint64_t UnZigZag(uint64_t value) { return (value >> 1) ^ (~(value & 1) + 1); }

// Appends the low `width` (0..64) bits of each value: PackedBytes(values.size(), width) bytes.
// Higher bits are ignored.
void PackBits(std::span<const uint64_t> values, int width, Bytes& out);

// Fills `out` from PackedBytes(out.size(), width) bytes; `bytes` must have exactly that size.
void UnpackBits(ByteSpan bytes, int width, std::span<uint64_t> out);

}  // namespace luma::encoding
