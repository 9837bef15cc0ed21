#include "encoding/alp.h"

#include <algorithm>
#include <array>
#include <vector>

#include "encoding/bit_packing.h"
#include "encoding/decimal.h"
#include "encoding/lane_packing.h"
#include "encoding/simd/lanes.h"

namespace luma::encoding {
namespace {

// What a value costs that is too wide for its vector: its bits and the gap before it.
constexpr size_t kExceptionBytes = 9;

// A vector's frame of reference: values from `base` to base + 2^width - 1 are in it.
struct Frame {
  int64_t base = 0;
  int width = 0;
  size_t bytes = SIZE_MAX;  // of the packed distances and of exceptions for those that are wider
};

using WidthCounts = std::array<size_t, kBitWidthMax + 1>;

struct Range {
  int64_t least = INT64_MAX;
  int64_t greatest = INT64_MIN;

  void Add(int64_t value) {
    least = std::min(least, value);
    greatest = std::max(greatest, value);
  }
  bool Holds(int64_t value) const { return least <= value && value <= greatest; }
  int width() const {
    return BitWidth(static_cast<uint64_t>(greatest) - static_cast<uint64_t>(least));
  }
};

enum class End : bool { kLeast, kGreatest };

uint64_t DistanceFrom(End end, const Range& range, int64_t value) {
  const auto word = static_cast<uint64_t>(value);
  return end == End::kLeast ? word - static_cast<uint64_t>(range.least)
                            : static_cast<uint64_t>(range.greatest) - word;
}

// The width that makes a frame smallest which begins or ends where `range` does: what is further
// from there than that, or not in the range, becomes an exception.
Frame CutFrom(End end, const Range& range, std::span<const int64_t> integers) {
  WidthCounts counts{};
  for (const int64_t integer : integers) {
    ++counts[range.Holds(integer) ? BitWidth(DistanceFrom(end, range, integer)) : kBitWidthMax];
  }
  Frame frame;
  size_t wider = counts[kBitWidthMax];
  for (int width = kLaneWidthMax; width >= 0; --width) {
    const size_t bytes = LaneShape(integers.size(), width).bytes() + wider * kExceptionBytes;
    if (bytes <= frame.bytes) {
      frame.width = width;
      frame.bytes = bytes;
    }
    wider += counts[width];
  }
  return frame;
}

// What of `range` is within `width` bits of its end, as far as there are values.
Range Within(End end, const Range& range, int width, std::span<const int64_t> integers) {
  Range rest;
  for (const int64_t integer : integers) {
    if (range.Holds(integer) && BitWidth(DistanceFrom(end, range, integer)) <= width) {
      rest.Add(integer);
    }
  }
  return rest;
}

// Cuts off what lies far above and far below the others, in turn, as long as that saves bytes.
Frame FrameOf(std::span<const int64_t> integers) {
  Range range;
  for (const int64_t integer : integers) range.Add(integer);
  Frame best;
  for (End end = End::kLeast;; end = end == End::kLeast ? End::kGreatest : End::kLeast) {
    const Frame frame = CutFrom(end, range, integers);
    if (frame.bytes >= best.bytes) return best;
    if (range.width() > frame.width) range = Within(end, range, frame.width, integers);
    best = {range.least, frame.width, frame.bytes};
  }
}

// Calls fn(first row, integers) for each vector.
template <typename Fn>
void ForEachVector(std::span<const int64_t> integers, Fn&& fn) {
  for (size_t row = 0; row < integers.size(); row += kVectorValues) {
    fn(row, integers.subspan(row, std::min(kVectorValues, integers.size() - row)));
  }
}

// Appends a vector; rows of integers that do not fit its frame are added to `too_wide`.
void AppendVector(size_t first_row, std::span<const int64_t> integers,
                  std::vector<size_t>& too_wide, Bytes& out) {
  const Frame frame = FrameOf(integers);
  std::array<uint64_t, kVectorValues> buffer;
  const std::span<uint64_t> distances(buffer.data(), integers.size());
  for (size_t i = 0; i < integers.size(); ++i) {
    distances[i] = static_cast<uint64_t>(integers[i]) - static_cast<uint64_t>(frame.base);
    if (BitWidth(distances[i]) > frame.width) too_wide.push_back(first_row + i);
  }
  ByteWriter writer(out);
  writer.SignedVarint(frame.base);
  writer.Fixed(static_cast<uint8_t>(frame.width));
  PackLanes(distances, frame.width, out);
}

void SortByRow(std::vector<DecimalException>& exceptions) {
  const auto row = &DecimalException::row;
  std::ranges::sort(exceptions, {}, row);
  const auto doubled = std::ranges::unique(exceptions, {}, row);
  exceptions.erase(doubled.begin(), doubled.end());
}

}  // namespace

void EncodeAlp(std::span<const double> values, Decimals decimals, Bytes& out) {
  Bytes vectors;
  std::vector<size_t> too_wide;
  ForEachVector(decimals.integers, [&](size_t row, std::span<const int64_t> integers) {
    AppendVector(row, integers, too_wide, vectors);
  });
  for (const size_t row : too_wide) {
    decimals.exceptions.push_back({static_cast<uint32_t>(row), values[row]});
  }
  SortByRow(decimals.exceptions);
  AppendDecimalHeader(decimals.exponent, decimals.exceptions, out);
  ByteWriter(out).Raw(vectors);
}

size_t AlpBytes(const Decimals& decimals) {
  constexpr size_t kHeaderBytes = 4;  // the base's varint and the width; or exponent and count
  size_t bytes = kHeaderBytes + decimals.exceptions.size() * kExceptionBytes;
  ForEachVector(decimals.integers, [&](size_t, std::span<const int64_t> integers) {
    bytes += kHeaderBytes + FrameOf(integers).bytes;
  });
  return bytes;
}

bool DecodeAlp(ByteReader& reader, std::span<uint64_t> out) {
  DecimalHeader header;
  if (!header.Read(reader, out.size())) return false;
  for (std::span<uint64_t> rest = out; !rest.empty();) {
    const std::span<uint64_t> vector = rest.first(std::min(kVectorValues, rest.size()));
    const auto base = static_cast<uint64_t>(reader.SignedVarint());
    const auto width = reader.Fixed<uint8_t>();
    if (width > kLaneWidthMax) return false;
    const ByteSpan packed = reader.Raw(LaneShape(vector.size(), width).bytes());
    if (!reader.ok()) return false;
    UnpackLanesToDoubles(packed, width, base, header.divisor(), vector);
    rest = rest.subspan(vector.size());
  }
  return header.PatchExceptions(out);
}

}  // namespace luma::encoding
