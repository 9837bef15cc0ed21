// Bit packing in chunks of 128 values, each with a width of its own, where the few values too wide
// for it are patched in afterwards: PFOR, Zukowski et al., "Super-Scalar RAM-CPU Cache
// Compression", ICDE 2006. The base of the integer codecs. Bytes: docs/formats/integers.md.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace luma::encoding {

constexpr size_t kChunkValues = 128;

enum class Patching : bool {
  kNone,   // width of the widest value: one pass, for the WAL
  kAllow,  // the width that makes the chunk smallest
};

// Appends values.size() values in chunks; the last chunk may be shorter.
void PackPatched(std::span<const uint64_t> values, Patching patching, Bytes& out);

// The bytes that PackPatched(values, Patching::kAllow) appends.
size_t PatchedBytes(std::span<const uint64_t> values);

// Reads one chunk of out.size() (1..kChunkValues) values and adds `base` to each. False: not a
// chunk; `out` is unspecified.
[[nodiscard]] bool UnpackPatchedChunk(ByteReader& reader, uint64_t base, std::span<uint64_t> out);

// The same for zigzag differences: out[i] becomes the sum of `sum` and of all differences up to the
// i-th, each `base` larger than the value read; `sum` becomes the last.
[[nodiscard]] bool SumUpPatchedChunk(ByteReader& reader, uint64_t base, uint64_t& sum,
                                     std::span<uint64_t> out);

// Calls fn(span of a chunk's values) -> bool for the chunks of `out`, in order, while it is true.
template <typename Fn>
[[nodiscard]] bool ForEachChunk(std::span<uint64_t> out, Fn&& fn) {
  while (!out.empty()) {
    const std::span<uint64_t> chunk = out.first(std::min(out.size(), kChunkValues));
    if (!fn(chunk)) return false;
    out = out.subspan(chunk.size());
  }
  return true;
}

}  // namespace luma::encoding
