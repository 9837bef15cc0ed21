// The payload of a block for each codec: values without nulls, to bytes and back. Internal to
// block.h. Bytes: docs/formats/block.md.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/column.h"
#include "encoding/aligned_buffer.h"
#include "encoding/block.h"

namespace luma::encoding {

// Dictionaries, kRle, kDecimal and kGroups keep their parts as blocks of their own. A block at this
// depth may not have parts, which bounds the recursion of a decoder fed with hostile bytes.
constexpr int kNestingMax = 3;

// What a decoder has to know of the blocks around the one it is in.
struct DecodeScope {
  int codec_count = kCodecCount;  // of the container: others are corrupt
  int depth = 0;

  DecodeScope Inner() const { return {codec_count, depth + 1}; }
};

constexpr bool IsDictionary(CodecId codec) {
  return codec == CodecId::kDictionary || codec == CodecId::kFsstDictionary;
}

constexpr bool HasParts(CodecId codec) {
  return codec == CodecId::kRle || codec == CodecId::kDecimal || codec == CodecId::kGroups ||
         IsDictionary(codec);
}

// Constants written as svarint. 128-bit ones are kept whole, so that the reader need not know
// whether they fit 64 bits.
constexpr bool IsVarintConstant(PhysicalType type) { return type <= PhysicalType::kUInt64; }

// Appends the payload of `column`, whose validity is ignored; not that of kGroups, which block.cc
// writes. Returns the codec used: `codec`, or
// kPlain if the values do not allow that.
CodecId EncodePayload(CodecId codec, const ColumnSpan& column, EncodeEffort effort, int depth,
                      Bytes& out);

// Appends the payload of a column of doubles as kDecimal or kAlp, which it returns: what both need
// is made once. kDecimal is slower to decode, so it must save a share of kAlp (ADR 9).
CodecId EncodeDecimals(const ColumnSpan& column, int depth, Bytes& out);

// What a codec has to save of one that decodes several times as fast: a 32nd.
constexpr bool SavesEnough(size_t slow_bytes, size_t fast_bytes) {
  return slow_bytes + fast_bytes / 32 < fast_bytes;
}

// Appends header and payload of a block without nulls, with the codec ChooseCodec() picks.
void AppendInnerBlock(const ColumnSpan& column, EncodeEffort effort, int depth, Bytes& out);

// Decodes `count` values to `out`; `heap` receives the bytes of strings. Takes all of `payload`.
// False: not a payload of that codec; `out` is then unspecified.
[[nodiscard]] bool DecodePayload(CodecId codec, PhysicalType type, uint32_t count, ByteSpan payload,
                                 DecodeScope scope, std::byte* out, AlignedBuffer& heap);

// Decodes what AppendInnerBlock() wrote, all of `block`, as DecodePayload does. `scope` is its own.
[[nodiscard]] bool DecodeInnerBlock(PhysicalType type, uint32_t count, ByteSpan block,
                                    DecodeScope scope, std::byte* out, AlignedBuffer& heap);

// The payload of kConstant, decoded to a single value.
[[nodiscard]] bool DecodeConstant(PhysicalType type, uint32_t count, ByteSpan payload,
                                  std::byte* out, AlignedBuffer& heap);

// The payload of a dictionary. `codes` has room for `count` codes; `entries` is allocated.
[[nodiscard]] bool DecodeDictionary(CodecId codec, uint32_t count, ByteSpan payload,
                                    DecodeScope scope, uint32_t* codes, AlignedBuffer& entries,
                                    AlignedBuffer& heap);

}  // namespace luma::encoding
