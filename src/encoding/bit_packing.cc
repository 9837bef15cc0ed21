#include "encoding/bit_packing.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"

namespace luma::encoding {
namespace {

constexpr size_t kGroupValues = 64;  // 64 values of w bits are exactly w words

constexpr uint64_t LowBits(int width) {
  return width >= 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
}

// Value `kIndex` of a group: every shift and offset is a constant, so a group is straight-line
// code.
template <int kWidth, size_t kIndex>
uint64_t Extract(const std::byte* group) {
  constexpr size_t kBit = kIndex * kWidth;
  constexpr size_t kWord = kBit / 64;
  constexpr int kShift = kBit % 64;
  uint64_t value = LoadLe<uint64_t>(group + kWord * 8) >> kShift;
  if constexpr (kShift + kWidth > 64) {
    value |= LoadLe<uint64_t>(group + (kWord + 1) * 8) << (64 - kShift);
  }
  return value & LowBits(kWidth);
}

template <int kWidth>
void UnpackGroup(const std::byte* group, uint64_t* out) {
  if constexpr (kWidth == 0) {
    std::fill_n(out, kGroupValues, 0);
  } else {
    [&]<size_t... kIndexes>(std::index_sequence<kIndexes...>) {
      ((out[kIndexes] = Extract<kWidth, kIndexes>(group)), ...);
    }(std::make_index_sequence<kGroupValues>());
  }
}

using UnpackFunction = void (*)(const std::byte*, uint64_t*);

template <size_t... kWidths>
constexpr std::array<UnpackFunction, sizeof...(kWidths)> UnpackTable(
    std::index_sequence<kWidths...>) {
  return {UnpackGroup<kWidths>...};
}
constexpr auto kUnpackGroup = UnpackTable(std::make_index_sequence<kBitWidthMax + 1>());

// The last group of a run may have fewer values, and fewer bytes than its function would load.
void UnpackTail(ByteSpan bytes, int width, std::span<uint64_t> out) {
  std::array<std::byte, kGroupValues * 8> padded{};
  std::array<uint64_t, kGroupValues> values;
  if (!bytes.empty()) std::memcpy(padded.data(), bytes.data(), bytes.size());
  kUnpackGroup[width](padded.data(), values.data());
  std::copy_n(values.data(), out.size(), out.data());
}

}  // namespace

void PackBits(std::span<const uint64_t> values, int width, Bytes& out) {
  if (width == 0) return;
  const size_t begin = out.size();
  const size_t packed = PackedBytes(values.size(), width);
  out.resize(begin + (packed + 7) / 8 * 8);
  std::byte* at = out.data() + begin;
  const uint64_t mask = LowBits(width);
  uint64_t word = 0;
  int filled = 0;  // bits of `word` in use, always below 64 here
  for (uint64_t value : values) {
    value &= mask;
    word |= value << filled;
    filled += width;
    if (filled < 64) continue;
    StoreLe(at, word);
    at += 8;
    filled -= 64;
    word = filled == 0 ? 0 : value >> (width - filled);
  }
  if (filled > 0) StoreLe(at, word);
  out.resize(begin + packed);
}

void UnpackBits(ByteSpan bytes, int width, std::span<uint64_t> out) {
  LUMA_DCHECK(bytes.size() == PackedBytes(out.size(), width));
  const size_t whole = out.size() / kGroupValues;
  const size_t group_bytes = static_cast<size_t>(width) * 8;
  for (size_t group = 0; group < whole; ++group) {
    kUnpackGroup[width](bytes.data() + group * group_bytes, out.data() + group * kGroupValues);
  }
  if (out.size() % kGroupValues == 0) return;
  UnpackTail(bytes.subspan(whole * group_bytes), width, out.subspan(whole * kGroupValues));
}

}  // namespace luma::encoding
