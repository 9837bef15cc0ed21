// Bit packing in eight lanes that advance together, so that one vector instruction unpacks a value
// of each: the interleaved layout of FastLanes (Afroozeh and Boncz, "The FastLanes Compression
// Layout", VLDB 2023). Bytes: docs/formats/decimal.md, "Lanes".
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace luma::encoding {

constexpr size_t kLaneCount = 8;        // of 64 bits: the widest vector there is
constexpr size_t kVectorValues = 1024;  // packed together; 128 rows of a value for each lane
constexpr int kLaneWidthMax = 63;

// How `count` (0..kVectorValues) values of `width` (0..kLaneWidthMax) bits lie.
struct LaneShape {
  LaneShape(size_t count, int width) : rows((count + kLaneCount - 1) / kLaneCount) {
    const size_t lane_bits = rows * static_cast<size_t>(width);
    whole_words = lane_bits / 64;
    rest_bytes = (lane_bits % 64 + 7) / 8;
  }
  size_t bytes() const { return kLaneCount * (whole_words * sizeof(uint64_t) + rest_bytes); }

  size_t rows;         // values of a lane
  size_t whole_words;  // of a lane
  size_t rest_bytes;   // of a lane's last word, where it is not used whole
};

// Appends the low `width` bits of each value: LaneShape(values.size(), width).bytes().
void PackLanes(std::span<const uint64_t> values, int width, Bytes& out);

}  // namespace luma::encoding
