#include "encoding/delta_bit_pack.h"

#include <algorithm>
#include <vector>

#include "encoding/bit_packing.h"

namespace luma::encoding {
namespace {

constexpr size_t kSampleSize = 256;

using Deltas = std::vector<int64_t>;

Deltas SortedSample(std::span<const uint64_t> deltas) {
  const size_t step = deltas.size() / kSampleSize + 1;
  Deltas sample;
  for (size_t i = 0; i < deltas.size(); i += step) {
    sample.push_back(static_cast<int64_t>(deltas[i]));
  }
  std::sort(sample.begin(), sample.end());
  return sample;
}

uint64_t Distance(uint64_t delta, uint64_t base) { return ZigZag(delta - base); }

size_t PackedSize(const Deltas& sample, uint64_t base) {
  std::vector<uint64_t> distances;
  distances.reserve(sample.size());
  for (const int64_t delta : sample) {
    distances.push_back(Distance(static_cast<uint64_t>(delta), base));
  }
  return PatchedBytes(distances);
}

// The median suits differences that gather around one, the middle of their range differences that
// spread evenly; a few wild jumps move neither.
uint64_t BestBase(std::span<const uint64_t> deltas) {
  if (deltas.empty()) return 0;
  const Deltas sample = SortedSample(deltas);
  const auto low = static_cast<uint64_t>(sample[sample.size() / 50]);
  const auto high = static_cast<uint64_t>(sample[sample.size() - 1 - sample.size() / 50]);
  const auto median = static_cast<uint64_t>(sample[sample.size() / 2]);
  const uint64_t middle = low + (high - low + 1) / 2;
  if (middle == median) return median;
  return PackedSize(sample, middle) < PackedSize(sample, median) ? middle : median;
}

}  // namespace

void EncodeDeltaBitPack(std::span<const uint64_t> values, Patching patching, Bytes& out) {
  if (values.empty()) return;
  std::vector<uint64_t> deltas(values.size() - 1);
  for (size_t i = 0; i < deltas.size(); ++i) deltas[i] = values[i + 1] - values[i];
  const uint64_t base = BestBase(deltas);
  for (uint64_t& delta : deltas) delta = Distance(delta, base);
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
  const bool complete = ForEachChunk(out.subspan(1), [&](std::span<uint64_t> chunk) {
    return SumUpPatchedChunk(reader, base, value, chunk);
  });
  return complete && reader.ok();
}

}  // namespace luma::encoding
