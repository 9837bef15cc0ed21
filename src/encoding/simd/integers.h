// The inner loops of the integer codecs (docs/formats/integers.md), in
// place over decoded values. All arithmetic is modulo 2^64. Threads: any.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace luma::encoding {

// out[i] = base + value i of the bit-packed `bytes`, of `width` (0..64) bits each. `bytes` has
// exactly PackedBytes(out.size(), width) bytes and is not read beyond.
void UnpackAndAdd(ByteSpan bytes, int width, uint64_t base, std::span<uint64_t> out);

// words[i] = start + the sum of words[0..i]; returns the last, `start` if there is none.
uint64_t PrefixSum(uint64_t start, std::span<uint64_t> words);

// The same for words[i] = base + UnZigZag(words[i]).
uint64_t ZigZagPrefixSum(uint64_t start, uint64_t base, std::span<uint64_t> words);

// UnpackAndAdd() with base 0 and then ZigZagPrefixSum(), in one pass where the processor can.
uint64_t UnpackAndSumUp(ByteSpan bytes, int width, uint64_t start, uint64_t base,
                        std::span<uint64_t> out);

}  // namespace luma::encoding
