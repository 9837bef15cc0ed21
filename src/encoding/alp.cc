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

// The width that makes the vector and the exceptions of what does not fit it smallest.
int BestWidth(std::span<const uint64_t> distances) {
  std::array<size_t, kBitWidthMax + 1> counts{};
  for (const uint64_t distance : distances) ++counts[BitWidth(distance)];
  int best = kLaneWidthMax;
  size_t best_bytes = SIZE_MAX;
  size_t wider = counts[kBitWidthMax];
  for (int width = kLaneWidthMax; width >= 0; --width) {
    const size_t bytes = LaneShape(distances.size(), width).bytes() + wider * kExceptionBytes;
    if (bytes <= best_bytes) {
      best = width;
      best_bytes = bytes;
    }
    wider += counts[width];
  }
  return best;
}

// Appends a vector; rows of integers that do not fit it are added to `exceptions`.
void AppendVector(std::span<const int64_t> integers, std::span<const double> values,
                  uint32_t first_row, std::vector<DecimalException>& exceptions, Bytes& out) {
  const int64_t base = *std::ranges::min_element(integers);
  std::array<uint64_t, kVectorValues> buffer;
  const std::span<uint64_t> distances(buffer.data(), integers.size());
  std::ranges::transform(integers, distances.begin(), [base](int64_t integer) {
    return static_cast<uint64_t>(integer) - static_cast<uint64_t>(base);
  });
  const int width = BestWidth(distances);
  for (size_t i = 0; i < distances.size(); ++i) {
    if (BitWidth(distances[i]) <= width) continue;
    exceptions.push_back({first_row + static_cast<uint32_t>(i), values[i]});
  }
  ByteWriter writer(out);
  writer.SignedVarint(base);
  writer.Fixed(static_cast<uint8_t>(width));
  PackLanes(distances, width, out);
}

void SortByRow(std::vector<DecimalException>& exceptions) {
  const auto row = &DecimalException::row;
  std::ranges::sort(exceptions, {}, row);
  const auto doubled = std::ranges::unique(exceptions, {}, row);
  exceptions.erase(doubled.begin(), doubled.end());
}

}  // namespace

void EncodeAlp(std::span<const double> values, Bytes& out) {
  Decimals decimals = SplitDecimals(values);
  Bytes vectors;
  for (size_t row = 0; row < values.size(); row += kVectorValues) {
    const size_t count = std::min(kVectorValues, values.size() - row);
    AppendVector(std::span(decimals.integers).subspan(row, count), values.subspan(row, count),
                 static_cast<uint32_t>(row), decimals.exceptions, vectors);
  }
  SortByRow(decimals.exceptions);
  AppendDecimalHeader(decimals.exponent, decimals.exceptions, out);
  ByteWriter(out).Raw(vectors);
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
