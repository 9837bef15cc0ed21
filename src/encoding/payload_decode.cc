#include <algorithm>
#include <cstring>

#include "encoding/alp.h"
#include "encoding/alp_rd.h"
#include "encoding/decimal.h"
#include "encoding/delta_bit_pack.h"
#include "encoding/delta_of_delta.h"
#include "encoding/for_bit_pack.h"
#include "encoding/fsst.h"
#include "encoding/gorilla.h"
#include "encoding/groups.h"
#include "encoding/integer_column.h"
#include "encoding/payload.h"
#include "encoding/run_length.h"
#include "encoding/strings.h"

namespace luma::encoding {
namespace {

// What the bytes of a header-less reader decode to must use up the payload exactly.
bool Exhausted(const ByteReader& reader) { return reader.ok() && reader.remaining() == 0; }

bool DecodePlain(PhysicalType type, uint32_t count, ByteSpan payload, std::byte* out,
                 AlignedBuffer& heap) {
  ByteReader reader(payload);
  if (type == PhysicalType::kBytes) {
    return DecodeStrings(reader, {reinterpret_cast<StringRef*>(out), count}, heap);
  }
  if (payload.size() != size_t{count} * ValueBytes(type)) return false;
  if (!payload.empty()) std::memcpy(out, payload.data(), payload.size());
  return type != PhysicalType::kBool ||
         std::all_of(payload.begin(), payload.end(), [](std::byte b) { return b <= std::byte{1}; });
}

bool DecodeIntegers(CodecId codec, PhysicalType type, uint32_t count, ByteSpan payload,
                    std::byte* out) {
  const bool in_place = ValueBytes(type) == sizeof(uint64_t);
  AlignedBuffer wide(in_place ? 0 : count * sizeof(uint64_t));
  const std::span<uint64_t> words(in_place ? reinterpret_cast<uint64_t*>(out) : wide.As<uint64_t>(),
                                  count);
  ByteReader reader(payload);
  const bool decoded = codec == CodecId::kForBitPack     ? DecodeForBitPack(reader, words)
                       : codec == CodecId::kDeltaBitPack ? DecodeDeltaBitPack(reader, words)
                                                         : DecodeDeltaOfDelta(reader, words);
  if (!decoded || !Exhausted(reader)) return false;
  NarrowIntegers(words, type, out);
  return true;
}

bool DecodeRle(PhysicalType type, uint32_t count, ByteSpan payload, DecodeScope scope,
               std::byte* out) {
  ByteReader reader(payload);
  const uint64_t runs = reader.Varint();
  const ByteSpan values_block = reader.Raw(reader.Varint());
  const ByteSpan lengths_block = reader.Raw(reader.remaining());
  if (!reader.ok() || runs > count) return false;
  AlignedBuffer values(runs * ValueBytes(type));
  AlignedBuffer lengths(runs * sizeof(uint32_t));
  AlignedBuffer no_heap;
  const auto run_count = static_cast<uint32_t>(runs);
  if (!DecodeInnerBlock(type, run_count, values_block, scope.Inner(), values.data(), no_heap) ||
      !DecodeInnerBlock(PhysicalType::kUInt32, run_count, lengths_block, scope.Inner(),
                        lengths.data(), no_heap)) {
    return false;
  }
  const std::span<const uint32_t> run_lengths(lengths.As<uint32_t>(), runs);
  uint64_t total = 0;
  for (const uint32_t length : run_lengths) total += length;
  if (total != count) return false;
  ExpandRuns(values.data(), run_lengths, ValueBytes(type), out);
  return true;
}

bool DecodeDecimal(ByteSpan payload, DecodeScope scope, std::span<uint64_t> out) {
  ByteReader reader(payload);
  DecimalHeader header;
  if (!header.Read(reader, out.size())) return false;
  const ByteSpan integers = reader.Raw(reader.remaining());
  AlignedBuffer no_heap;
  if (!DecodeInnerBlock(PhysicalType::kInt64, static_cast<uint32_t>(out.size()), integers,
                        scope.Inner(), reinterpret_cast<std::byte*>(out.data()), no_heap)) {
    return false;
  }
  DivideToDoubles(header.divisor(), out);
  return header.PatchExceptions(out);
}

// Codecs of doubles that have no parts.
bool DecodeDoubles(CodecId codec, ByteSpan payload, std::span<uint64_t> out) {
  ByteReader reader(payload);
  const bool decoded = codec == CodecId::kGorilla ? DecodeGorilla(reader, out)
                       : codec == CodecId::kAlp   ? DecodeAlp(reader, out)
                                                  : DecodeAlpRd(reader, out);
  return decoded && Exhausted(reader);
}

bool DecodeFsstPayload(uint32_t count, ByteSpan payload, std::byte* out, AlignedBuffer& heap) {
  ByteReader reader(payload);
  return DecodeFsst(reader, {reinterpret_cast<StringRef*>(out), count}, heap) && Exhausted(reader);
}

bool DecodeDictionaryFlat(CodecId codec, uint32_t count, ByteSpan payload, DecodeScope scope,
                          std::byte* out, AlignedBuffer& heap) {
  AlignedBuffer codes(count * sizeof(uint32_t));
  AlignedBuffer entries;
  if (!DecodeDictionary(codec, count, payload, scope, codes.As<uint32_t>(), entries, heap)) {
    return false;
  }
  auto* strings = reinterpret_cast<StringRef*>(out);
  for (uint32_t i = 0; i < count; ++i) {
    strings[i] = entries.As<StringRef>()[codes.As<uint32_t>()[i]];
  }
  return true;
}

bool DecodeConstantFlat(PhysicalType type, uint32_t count, ByteSpan payload, std::byte* out,
                        AlignedBuffer& heap) {
  alignas(16) std::byte value[16] = {};
  if (!DecodeConstant(type, count, payload, value, heap)) return false;
  ExpandRuns(value, {&count, 1}, ValueBytes(type), out);
  return true;
}

}  // namespace

bool DecodeInnerBlock(PhysicalType type, uint32_t count, ByteSpan block, DecodeScope scope,
                      std::byte* out, AlignedBuffer& heap) {
  ByteReader reader(block);
  const auto codec = static_cast<CodecId>(reader.Fixed<uint8_t>());
  const auto flags = reader.Fixed<uint8_t>();
  return reader.ok() && flags == 0 &&
         DecodePayload(codec, type, count, reader.Raw(reader.remaining()), scope, out, heap);
}

bool DecodePayload(CodecId codec, PhysicalType type, uint32_t count, ByteSpan payload,
                   DecodeScope scope, std::byte* out, AlignedBuffer& heap) {
  if (!CodecFits(codec, type)) return false;
  if (static_cast<int>(codec) >= scope.codec_count) return false;
  if (HasParts(codec) && scope.depth >= kNestingMax) return false;
  switch (codec) {
    case CodecId::kPlain:
      return DecodePlain(type, count, payload, out, heap);
    case CodecId::kConstant:
      return DecodeConstantFlat(type, count, payload, out, heap);
    case CodecId::kRle:
      return DecodeRle(type, count, payload, scope, out);
    case CodecId::kForBitPack:
    case CodecId::kDeltaBitPack:
    case CodecId::kDeltaOfDelta:
      return DecodeIntegers(codec, type, count, payload, out);
    case CodecId::kGorilla:
    case CodecId::kAlp:
    case CodecId::kAlpRd:
      return DecodeDoubles(codec, payload, {reinterpret_cast<uint64_t*>(out), count});
    case CodecId::kFsst:
      return DecodeFsstPayload(count, payload, out, heap);
    case CodecId::kDictionary:
    case CodecId::kFsstDictionary:
      return DecodeDictionaryFlat(codec, count, payload, scope, out, heap);
    case CodecId::kDecimal:
      return DecodeDecimal(payload, scope, {reinterpret_cast<uint64_t*>(out), count});
    case CodecId::kGroups:
      return scope.depth == 0 && DecodeGroups(type, count, payload, scope.Inner(), out);
  }
  return false;
}

bool DecodeConstant(PhysicalType type, uint32_t count, ByteSpan payload, std::byte* out,
                    AlignedBuffer& heap) {
  if (count == 0) return payload.empty();
  ByteReader reader(payload);
  if (type == PhysicalType::kBytes) {
    if (payload.size() > UINT32_MAX) return false;
    heap = AlignedBuffer(payload.size());
    if (!payload.empty()) std::memcpy(heap.data(), payload.data(), payload.size());
    StoreLe(out, StringRef(heap.As<char>(), static_cast<uint32_t>(payload.size())));
    return true;
  }
  if (IsVarintConstant(type)) {
    const auto word = static_cast<uint64_t>(reader.SignedVarint());
    NarrowIntegers({&word, 1}, type, out);
    return Exhausted(reader);
  }
  return DecodePlain(type, 1, payload, out, heap);
}

bool DecodeDictionary(CodecId codec, uint32_t count, ByteSpan payload, DecodeScope scope,
                      uint32_t* codes, AlignedBuffer& entries, AlignedBuffer& heap) {
  ByteReader reader(payload);
  const uint64_t entry_count = reader.Varint();
  const ByteSpan strings = reader.Raw(reader.Varint());
  const ByteSpan codes_block = reader.Raw(reader.remaining());
  if (!reader.ok() || entry_count > count) return false;
  entries = AlignedBuffer(entry_count * sizeof(StringRef));
  AlignedBuffer no_heap;
  const CodecId of_entries = codec == CodecId::kDictionary ? CodecId::kPlain : CodecId::kFsst;
  return DecodePayload(of_entries, PhysicalType::kBytes, static_cast<uint32_t>(entry_count),
                       strings, {scope.codec_count, kNestingMax}, entries.data(), heap) &&
         DecodeInnerBlock(PhysicalType::kUInt32, count, codes_block, scope.Inner(),
                          reinterpret_cast<std::byte*>(codes), no_heap) &&
         std::all_of(codes, codes + count, [&](uint32_t code) { return code < entry_count; });
}

}  // namespace luma::encoding
