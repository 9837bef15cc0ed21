#include <utility>
#include <vector>

#include "encoding/alp.h"
#include "encoding/alp_rd.h"
#include "encoding/codec_choice.h"
#include "encoding/decimal.h"
#include "encoding/delta_bit_pack.h"
#include "encoding/delta_of_delta.h"
#include "encoding/dictionary.h"
#include "encoding/for_bit_pack.h"
#include "encoding/fsst.h"
#include "encoding/fsst_training.h"
#include "encoding/gorilla.h"
#include "encoding/integer_column.h"
#include "encoding/payload.h"
#include "encoding/run_length.h"
#include "encoding/strings.h"

namespace luma::encoding {
namespace {

Patching PatchingFor(EncodeEffort effort) {
  return effort == EncodeEffort::kFast ? Patching::kNone : Patching::kAllow;
}

std::span<const StringRef> Strings(const ColumnSpan& column) {
  return {column.As<StringRef>(), column.count};
}

ByteSpan RawValues(const ColumnSpan& column) {
  return {column.values, size_t{column.count} * ValueBytes(column.type)};
}

CodecId EncodePlain(const ColumnSpan& column, EncodeEffort effort, Bytes& out) {
  if (column.type == PhysicalType::kBytes) {
    EncodeStrings(Strings(column), PatchingFor(effort), out);
  } else {
    ByteWriter(out).Raw(RawValues(column));
  }
  return CodecId::kPlain;
}

void EncodeConstant(const ColumnSpan& column, Bytes& out) {
  if (column.count == 0) return;
  ByteWriter writer(out);
  if (column.type == PhysicalType::kBytes) {
    writer.Raw(AsBytes(Strings(column)[0].view()));
  } else if (IsVarintConstant(column.type)) {
    const ColumnSpan first{column.type, 1, column.values, nullptr};
    writer.SignedVarint(static_cast<int64_t>(WideIntegers(first).values()[0]));
  } else {
    writer.Raw(RawValues(column).first(ValueBytes(column.type)));
  }
}

// Appends the first of two inner blocks after its size; the second extends to the end.
void AppendSizedInnerBlock(const ColumnSpan& column, EncodeEffort effort, int depth, Bytes& out) {
  Bytes block;
  AppendInnerBlock(column, effort, depth, block);
  ByteWriter writer(out);
  writer.Varint(block.size());
  writer.Raw(block);
}

ColumnSpan ColumnOf(const std::vector<uint32_t>& words) {
  return {PhysicalType::kUInt32, static_cast<uint32_t>(words.size()),
          reinterpret_cast<const std::byte*>(words.data()), nullptr};
}

void EncodeRle(const ColumnSpan& column, EncodeEffort effort, int depth, Bytes& out) {
  const Runs runs = FindRuns(column);
  const auto count = static_cast<uint32_t>(runs.lengths.size());
  ByteWriter(out).Varint(count);
  AppendSizedInnerBlock({column.type, count, runs.values.data(), nullptr}, effort, depth + 1, out);
  AppendInnerBlock(ColumnOf(runs.lengths), effort, depth + 1, out);
}

void EncodeTrainedFsst(std::span<const StringRef> strings, Bytes& out) {
  EncodeFsst(strings, TrainSymbols(SampleStrings(strings)), out);
}

// `codec` is kDictionary or kFsstDictionary.
void EncodeDictionary(CodecId codec, const ColumnSpan& column, EncodeEffort effort, int depth,
                      Bytes& out) {
  const auto dictionary = BuildDictionary(Strings(column), column.count);
  const auto count = static_cast<uint32_t>(dictionary->entries.size());
  const auto* entries = reinterpret_cast<const std::byte*>(dictionary->entries.data());
  ByteWriter writer(out);
  writer.Varint(count);
  Bytes strings;
  if (codec == CodecId::kFsstDictionary) {
    EncodeTrainedFsst(dictionary->entries, strings);
  } else {
    EncodePlain({PhysicalType::kBytes, count, entries, nullptr}, effort, strings);
  }
  writer.Varint(strings.size());
  writer.Raw(strings);
  AppendInnerBlock(ColumnOf(dictionary->codes), effort, depth + 1, out);
}

Decimals SplitColumn(const ColumnSpan& column) {
  return SplitDecimals({column.As<double>(), column.count});
}

void EncodeDecimal(const Decimals& decimals, EncodeEffort effort, int depth, Bytes& out) {
  AppendDecimalHeader(decimals.exponent, decimals.exceptions, out);
  const auto* integers = reinterpret_cast<const std::byte*>(decimals.integers.data());
  const auto count = static_cast<uint32_t>(decimals.integers.size());
  AppendInnerBlock({PhysicalType::kInt64, count, integers, nullptr}, effort, depth + 1, out);
}

void EncodeIntegers(CodecId codec, std::span<const uint64_t> values, EncodeEffort effort,
                    Bytes& out) {
  if (codec == CodecId::kForBitPack) return EncodeForBitPack(values, PatchingFor(effort), out);
  if (codec == CodecId::kDeltaBitPack) return EncodeDeltaBitPack(values, PatchingFor(effort), out);
  EncodeDeltaOfDelta(values, out);
}

}  // namespace

CodecId EncodePayload(CodecId codec, const ColumnSpan& column, EncodeEffort effort, int depth,
                      Bytes& out) {
  if (!CodecFits(codec, column.type)) return EncodePlain(column, effort, out);
  switch (codec) {
    case CodecId::kPlain:
      return EncodePlain(column, effort, out);
    case CodecId::kConstant:
      if (!AllEqual(column)) return EncodePlain(column, effort, out);
      EncodeConstant(column, out);
      return codec;
    case CodecId::kRle:
      EncodeRle(column, effort, depth, out);
      return codec;
    case CodecId::kForBitPack:
    case CodecId::kDeltaBitPack:
    case CodecId::kDeltaOfDelta: {
      const WideIntegers integers(column);
      if (!integers.fits()) return EncodePlain(column, effort, out);
      EncodeIntegers(codec, integers.values(), effort, out);
      return codec;
    }
    case CodecId::kGorilla:
      EncodeGorilla({column.As<uint64_t>(), column.count}, out);
      return codec;
    case CodecId::kFsst:
      EncodeTrainedFsst(Strings(column), out);
      return codec;
    case CodecId::kDictionary:
    case CodecId::kFsstDictionary:
      EncodeDictionary(codec, column, effort, depth, out);
      return codec;
    case CodecId::kAlp:
      EncodeAlp({column.As<double>(), column.count}, SplitColumn(column), out);
      return codec;
    case CodecId::kAlpRd:
      EncodeAlpRd({column.As<uint64_t>(), column.count}, out);
      return codec;
    case CodecId::kDecimal:
      EncodeDecimal(SplitColumn(column), effort, depth, out);
      return codec;
    case CodecId::kGroups:
      break;
  }
  return EncodePlain(column, effort, out);
}

CodecId EncodeDecimals(const ColumnSpan& column, int depth, Bytes& out) {
  Decimals decimals = SplitColumn(column);
  const size_t begin = out.size();
  EncodeDecimal(decimals, EncodeEffort::kCompact, depth, out);
  if (SavesEnough(out.size() - begin, AlpBytes(decimals))) return CodecId::kDecimal;
  out.resize(begin);
  EncodeAlp({column.As<double>(), column.count}, std::move(decimals), out);
  return CodecId::kAlp;
}

void AppendInnerBlock(const ColumnSpan& column, EncodeEffort effort, int depth, Bytes& out) {
  const size_t codec_at = out.size();
  out.resize(codec_at + 2);  // codec, flags 0
  const CodecChoice choice = ChooseCodec(column, effort, depth);
  CodecId codec = choice.codec;
  if (choice.payload) {
    ByteWriter(out).Raw(*choice.payload);
  } else {
    codec = EncodePayload(choice.codec, column, effort, depth, out);
  }
  out[codec_at] = static_cast<std::byte>(codec);
}

}  // namespace luma::encoding
