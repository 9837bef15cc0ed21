#include "encoding/for_bit_pack.h"

#include <algorithm>
#include <vector>

namespace luma::encoding {

void EncodeForBitPack(std::span<const uint64_t> values, Patching patching, Bytes& out) {
  if (values.empty()) return;
  int64_t base = INT64_MAX;
  for (const uint64_t value : values) base = std::min(base, static_cast<int64_t>(value));
  std::vector<uint64_t> distances(values.size());
  std::transform(values.begin(), values.end(), distances.begin(),
                 [base](uint64_t value) { return value - static_cast<uint64_t>(base); });
  ByteWriter(out).SignedVarint(base);
  PackPatched(distances, patching, out);
}

bool DecodeForBitPack(ByteReader& reader, std::span<uint64_t> out) {
  if (out.empty()) return true;
  const auto base = static_cast<uint64_t>(reader.SignedVarint());
  return ForEachChunk(
      out, [&](std::span<uint64_t> chunk) { return UnpackPatchedChunk(reader, base, chunk); });
}

}  // namespace luma::encoding
