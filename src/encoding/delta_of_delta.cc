#include "encoding/delta_of_delta.h"

#include <vector>

#include "encoding/bit_packing.h"
#include "encoding/patched_packing.h"
#include "encoding/simd/integers.h"

namespace luma::encoding {

void EncodeDeltaOfDelta(std::span<const uint64_t> values, Bytes& out) {
  if (values.empty()) return;
  ByteWriter writer(out);
  writer.SignedVarint(static_cast<int64_t>(values[0]));
  if (values.size() == 1) return;
  uint64_t delta = values[1] - values[0];
  writer.SignedVarint(static_cast<int64_t>(delta));
  std::vector<uint64_t> changes(values.size() - 2);
  for (size_t i = 0; i < changes.size(); ++i) {
    const uint64_t next = values[i + 2] - values[i + 1];
    changes[i] = ZigZag(next - delta);
    delta = next;
  }
  PackPatched(changes, Patching::kAllow, out);
}

bool DecodeDeltaOfDelta(ByteReader& reader, std::span<uint64_t> out) {
  if (out.empty()) return true;
  uint64_t value = out[0] = static_cast<uint64_t>(reader.SignedVarint());
  if (out.size() == 1) return reader.ok();
  auto delta = static_cast<uint64_t>(reader.SignedVarint());
  value = out[1] = value + delta;
  const bool complete = ForEachChunk(out.subspan(2), [&](std::span<uint64_t> chunk) {
    if (!SumUpPatchedChunk(reader, 0, delta, chunk)) return false;
    value = PrefixSum(value, chunk);
    return true;
  });
  return complete && reader.ok();
}

}  // namespace luma::encoding
