#include "encoding/delta_bit_pack.h"

#include <algorithm>
#include <vector>

#include "encoding/bit_packing.h"

namespace luma::encoding {
namespace {

constexpr size_t kMedianSample = 256;

// The median difference of evenly spaced rows: zigzag distances from it are about as short as any
// base could make them, and a few wild jumps do not move it.
uint64_t TypicalDelta(std::span<const uint64_t> deltas) {
  if (deltas.empty()) return 0;
  const size_t step = deltas.size() / kMedianSample + 1;
  std::vector<int64_t> sample;
  for (size_t i = 0; i < deltas.size(); i += step) {
    sample.push_back(static_cast<int64_t>(deltas[i]));
  }
  const auto middle = sample.begin() + static_cast<ptrdiff_t>(sample.size() / 2);
  std::nth_element(sample.begin(), middle, sample.end());
  return static_cast<uint64_t>(*middle);
}

}  // namespace

void EncodeDeltaBitPack(std::span<const uint64_t> values, Patching patching, Bytes& out) {
  if (values.empty()) return;
  std::vector<uint64_t> deltas(values.size() - 1);
  for (size_t i = 0; i < deltas.size(); ++i) deltas[i] = values[i + 1] - values[i];
  const uint64_t base = TypicalDelta(deltas);
  for (uint64_t& delta : deltas) delta = ZigZag(delta - base);
  ByteWriter writer(out);
  writer.SignedVarint(static_cast<int64_t>(values[0]));
  writer.SignedVarint(static_cast<int64_t>(base));
  PackPatched(deltas, patching, out);
}

bool DecodeDeltaBitPack(ByteReader& reader, std::span<uint64_t> out) {
  if (out.empty()) return true;
  auto value = static_cast<uint64_t>(reader.SignedVarint());
  const auto base = static_cast<uint64_t>(reader.SignedVarint());
  out[0] = value;
  const bool complete = UnpackPatched(reader, out.subspan(1), [&](std::span<uint64_t> chunk) {
    for (uint64_t& slot : chunk) {
      value += UnZigZag(slot) + base;
      slot = value;
    }
  });
  return complete && reader.ok();
}

}  // namespace luma::encoding
