#include "encoding/patched_packing.h"

#include <array>

#include "encoding/bit_packing.h"
#include "encoding/simd/integers.h"

namespace luma::encoding {
namespace {

constexpr uint8_t kHasPatches = 0x80;
constexpr uint8_t kWidthMask = 0x7f;

using WidthCounts = std::array<uint8_t, kBitWidthMax + 1>;

int WidestValue(std::span<const uint64_t> values) {
  uint64_t bits = 0;
  for (const uint64_t value : values) bits |= value;
  return BitWidth(bits);
}

WidthCounts CountWidths(std::span<const uint64_t> values) {
  WidthCounts counts{};
  for (const uint64_t value : values) ++counts[BitWidth(value)];
  return counts;
}

// Bytes of the patches that width `width` needs: position and LEB128 of the bits above.
size_t PatchBytes(const WidthCounts& counts, int width, int widest) {
  size_t bytes = 0;
  for (int bits = width + 1; bits <= widest; ++bits) {
    bytes += counts[bits] * (1 + (bits - width + 6) / 7);
  }
  return bytes == 0 ? 0 : bytes + 1;
}

struct PackedWidth {
  int width;
  size_t bytes;  // of values and patches
};

PackedWidth SmallestWidth(std::span<const uint64_t> values) {
  const int widest = WidestValue(values);
  PackedWidth best{widest, PackedBytes(values.size(), widest)};
  if (widest == 0) return best;
  const WidthCounts counts = CountWidths(values);
  for (int width = widest - 1; width >= 0; --width) {
    const size_t patch_bytes = PatchBytes(counts, width, widest);
    if (patch_bytes >= best.bytes) break;  // patches only grow from here
    const size_t bytes = PackedBytes(values.size(), width) + patch_bytes;
    if (bytes < best.bytes) best = {width, bytes};
  }
  return best;
}

void AppendPatches(std::span<const uint64_t> values, int width, Bytes& out) {
  const size_t count_at = out.size();
  out.push_back(std::byte{0});
  ByteWriter writer(out);
  uint8_t count = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const uint64_t high = values[i] >> width;
    if (high == 0) continue;
    writer.Fixed(static_cast<uint8_t>(i));
    writer.Varint(high);
    ++count;
  }
  out[count_at] = static_cast<std::byte>(count);
}

void PackChunk(std::span<const uint64_t> values, int width, Bytes& out) {
  const bool patches = width < WidestValue(values);
  out.push_back(static_cast<std::byte>(width | (patches ? kHasPatches : 0)));
  PackBits(values, width, out);
  if (patches) AppendPatches(values, width, out);
}

struct PackedChunk {
  ByteSpan packed;
  int width = 0;
  bool has_patches = false;
};

// Whether the bits of the last byte that no value uses are 0.
bool IsPaddedWithZeros(ByteSpan packed, size_t bits) {
  return bits % 8 == 0 || (packed.back() >> (bits % 8)) == std::byte{0};
}

bool ReadPackedChunk(ByteReader& reader, size_t values, PackedChunk& chunk) {
  const auto header = reader.Fixed<uint8_t>();
  chunk.width = header & kWidthMask;
  chunk.has_patches = (header & kHasPatches) != 0;
  if (chunk.width > kBitWidthMax - (chunk.has_patches ? 1 : 0)) return false;
  chunk.packed = reader.Raw(PackedBytes(values, chunk.width));
  return reader.ok() && IsPaddedWithZeros(chunk.packed, values * static_cast<size_t>(chunk.width));
}

// Positions ascend, and every patch has bits that fit above the width.
bool ApplyPatches(ByteReader& reader, int width, std::span<uint64_t> out) {
  const auto count = reader.Fixed<uint8_t>();
  size_t next = 0;
  for (int i = 0; i < count; ++i) {
    const auto position = reader.Fixed<uint8_t>();
    const uint64_t high = reader.Varint();
    if (position < next || position >= out.size()) return false;
    if (high == 0 || BitWidth(high) > kBitWidthMax - width) return false;
    out[position] += high << width;
    next = position + size_t{1};
  }
  return count > 0 && reader.ok();
}

}  // namespace

void PackPatched(std::span<const uint64_t> values, Patching patching, Bytes& out) {
  while (!values.empty()) {
    const auto chunk = values.first(std::min(values.size(), kChunkValues));
    PackChunk(chunk, patching == Patching::kNone ? WidestValue(chunk) : SmallestWidth(chunk).width,
              out);
    values = values.subspan(chunk.size());
  }
}

size_t PatchedBytes(std::span<const uint64_t> values) {
  size_t bytes = 0;
  while (!values.empty()) {
    const auto chunk = values.first(std::min(values.size(), kChunkValues));
    bytes += 1 + SmallestWidth(chunk).bytes;
    values = values.subspan(chunk.size());
  }
  return bytes;
}

bool UnpackPatchedChunk(ByteReader& reader, uint64_t base, std::span<uint64_t> out) {
  PackedChunk chunk;
  if (!ReadPackedChunk(reader, out.size(), chunk)) return false;
  UnpackAndAdd(chunk.packed, chunk.width, base, out);
  return !chunk.has_patches || ApplyPatches(reader, chunk.width, out);
}

bool SumUpPatchedChunk(ByteReader& reader, uint64_t base, uint64_t& sum, std::span<uint64_t> out) {
  PackedChunk chunk;
  if (!ReadPackedChunk(reader, out.size(), chunk)) return false;
  if (!chunk.has_patches) {
    sum = UnpackAndSumUp(chunk.packed, chunk.width, sum, base, out);
    return true;
  }
  UnpackAndAdd(chunk.packed, chunk.width, 0, out);
  if (!ApplyPatches(reader, chunk.width, out)) return false;
  sum = ZigZagPrefixSum(sum, base, out);
  return true;
}

}  // namespace luma::encoding
