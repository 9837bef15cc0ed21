#include "encoding/lane_packing.h"

#include <array>

#include "base/check.h"

namespace luma::encoding {
namespace {

// Word k of lane l is at k * kLaneCount + l; one more than the values need.
using LaneWords = std::array<uint64_t, kVectorValues + kLaneCount>;

void FillLanes(std::span<const uint64_t> values, int width, LaneWords& words) {
  const uint64_t mask = (uint64_t{1} << width) - 1;
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t bit = i / kLaneCount * static_cast<size_t>(width);
    const size_t word = bit / 64 * kLaneCount + i % kLaneCount;
    const uint64_t value = values[i] & mask;
    words[word] |= value << (bit % 64);
    if (bit % 64 + static_cast<size_t>(width) > 64) {
      words[word + kLaneCount] |= value >> (64 - bit % 64);
    }
  }
}

}  // namespace

void PackLanes(std::span<const uint64_t> values, int width, Bytes& out) {
  LUMA_DCHECK(values.size() <= kVectorValues && width >= 0 && width <= kLaneWidthMax);
  const LaneShape shape(values.size(), width);
  LaneWords words{};
  FillLanes(values, width, words);
  const auto* bytes = reinterpret_cast<const std::byte*>(words.data());
  const size_t whole_bytes = shape.whole_words * kLaneCount * sizeof(uint64_t);
  ByteWriter writer(out);
  writer.Raw({bytes, whole_bytes});
  for (size_t lane = 0; lane < kLaneCount; ++lane) {
    writer.Raw({bytes + whole_bytes + lane * sizeof(uint64_t), shape.rest_bytes});
  }
}

}  // namespace luma::encoding
