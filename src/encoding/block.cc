#include "encoding/block.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "encoding/codec_choice.h"
#include "encoding/fsst_choice.h"
#include "encoding/groups.h"
#include "encoding/integer_column.h"
#include "encoding/payload.h"
#include "encoding/validity.h"
#include "encoding/zstd_pass.h"

namespace luma::encoding {
namespace {

// docs/formats/block.md
constexpr uint8_t kFlagNulls = 0x01;
constexpr uint8_t kFlagZstd = 0x02;
constexpr uint8_t kFlagsKnown = kFlagNulls | kFlagZstd;

constexpr std::array<std::string_view, kCodecCount> kCodecNames = {
    "plain",          "constant",        "rle",        "for_bit_pack", "delta_bit_pack",
    "delta_of_delta", "gorilla",         "dictionary", "decimal",      "groups",
    "fsst",           "fsst_dictionary", "alp",        "alp_rd"};

// Below this a zstd frame's own header eats what could be won.
constexpr size_t kZstdPayloadBytesMin = 64;

// Below this the directory of groups eats what could be won.
constexpr size_t kGroupedPayloadBytesMin = 64;

// A column without its null rows.
class DenseColumn {
 public:
  explicit DenseColumn(const ColumnSpan& column) : span_(column) {
    if (column.validity == nullptr) return;
    span_.validity = nullptr;
    span_.count = CountValid(column.validity, column.count);
    has_nulls_ = span_.count < column.count;
    if (!has_nulls_) return;
    values_ = AlignedBuffer(size_t{span_.count} * ValueBytes(column.type));
    CompactValues(column, values_.data());
    span_.values = values_.data();
  }
  const ColumnSpan& span() const { return span_; }
  bool has_nulls() const { return has_nulls_; }

 private:
  ColumnSpan span_;
  AlignedBuffer values_;
  bool has_nulls_ = false;
};

// The payload's compressed form, where that is much smaller.
std::optional<Bytes> Compressed(ByteSpan payload, int level) {
  Bytes compressed;
  if (payload.size() < kZstdPayloadBytesMin) return std::nullopt;
  if (!AppendCompressed(payload, level, compressed)) return std::nullopt;
  return compressed;
}

bool MayGroup(const ColumnSpan& column, bool has_nulls, const EncodeOptions& options) {
  return !has_nulls && CodecFits(CodecId::kGroups, column.type) && !options.group_rows.empty() &&
         options.effort != EncodeEffort::kFast;
}

// Writes the payload without groups.
CodecId WriteUngrouped(const CodecChoice& choice, const ColumnSpan& column, EncodeEffort effort,
                       Bytes& out) {
  if (!choice.payload) return EncodePayload(choice.codec, column, effort, 0, out);
  ByteWriter(out).Raw(*choice.payload);
  return choice.codec;
}

// Of a block per group and one for all rows the smaller. The latter is not made where the sample by
// which its codec was chosen says that it takes a byte or more for a value and that the groups are
// smaller by a quarter. Of less, such as the few runs of ids, a sample tells too little.
CodecId WriteSmaller(const ColumnSpan& column, const EncodeOptions& options, Bytes& out) {
  const CodecChoice choice = ChooseCodec(column, options.effort, 0);
  Bytes grouped;
  if (choice.bytes >= column.count) {
    EncodeGroups(column, options.group_rows, grouped);
    if (grouped.size() < choice.bytes / 4 * 3) {
      ByteWriter(out).Raw(grouped);
      return CodecId::kGroups;
    }
  }
  const size_t payload = out.size();
  const CodecId codec = WriteUngrouped(choice, column, options.effort, out);
  if (out.size() - payload <= kGroupedPayloadBytesMin) return codec;
  if (grouped.empty()) EncodeGroups(column, options.group_rows, grouped);
  if (grouped.size() >= out.size() - payload) return codec;
  out.resize(payload);
  ByteWriter(out).Raw(grouped);
  return CodecId::kGroups;
}

// Writes the payload; one block per group where that is asked for or smaller.
CodecId WritePayload(const ColumnSpan& column, bool may_group, const EncodeOptions& options,
                     Bytes& out) {
  if (may_group && options.force == CodecId::kGroups) {
    EncodeGroups(column, options.group_rows, out);
    return CodecId::kGroups;
  }
  if (options.force) return EncodePayload(*options.force, column, options.effort, 0, out);
  if (may_group && WorthGrouping(options.group_rows)) return WriteSmaller(column, options, out);
  return WriteUngrouped(ChooseCodec(column, options.effort, 0), column, options.effort, out);
}

struct Header {
  CodecId codec;
  uint8_t flags;
};

// Keeps of the payload that begins at `begin`, its compressed form and the one with its strings as
// FSST what is worth it; returns what the header has to say of it. The rule: what takes longer to
// decode must save an eighth. FSST must save that of the payload, zstd that of either.
Header Shrink(CodecId codec, const ColumnSpan& column, size_t begin, const EncodeOptions& options,
              Bytes& out) {
  if (options.effort == EncodeEffort::kFast || IsFsst(codec)) return {codec, 0};
  const ByteSpan payload = ByteSpan(out).subspan(begin);
  std::optional<Bytes> compressed;
  if (options.second_pass_zstd) compressed = Compressed(payload, options.zstd_level);
  if (column.type == PhysicalType::kBytes && !options.force) {
    size_t bytes_max = payload.size() / 8 * 7;
    if (compressed) bytes_max = std::min(bytes_max, compressed->size() / 7 * 8);
    if (const auto fsst = TryFsst(codec, column, payload, bytes_max)) {
      out.resize(begin);
      ByteWriter(out).Raw(fsst->bytes);
      return {fsst->codec, 0};
    }
  }
  if (!compressed) return {codec, 0};
  out.resize(begin);
  ByteWriter(out).Raw(*compressed);
  return {codec, kFlagZstd};
}

Result<Header> ReadHeader(ByteReader& reader) {
  const auto codec = reader.Fixed<uint8_t>();
  const auto flags = reader.Fixed<uint8_t>();
  if (!reader.ok() || codec >= kCodecCount || (flags & ~kFlagsKnown) != 0) {
    return Status::Corruption("bad block header: codec=", int{codec}, " flags=", int{flags});
  }
  const Header header{static_cast<CodecId>(codec), flags};
  if (IsFsst(header.codec) && (flags & kFlagZstd) != 0) {
    return Status::Corruption("bad block header: compressed twice, codec=", int{codec});
  }
  return header;
}

// Where the payload's values go: the block's rows, or only those that are not null at first.
struct RowCounts {
  uint32_t rows;
  uint32_t valid;
};

Status BadPayload(CodecId codec, PhysicalType type, ByteSpan payload) {
  return Status::Corruption("bad block payload: codec=", CodecName(codec),
                            " type=", static_cast<int>(type), " bytes=", payload.size());
}

Result<DecodedBlock> DecodeConstantBlock(PhysicalType type, RowCounts counts, ByteSpan payload) {
  AlignedBuffer value(ValueBytes(type));
  AlignedBuffer heap;
  std::memset(value.data(), 0, value.size());
  if (!DecodeConstant(type, counts.valid, payload, value.data(), heap)) {
    return BadPayload(CodecId::kConstant, type, payload);
  }
  return DecodedBlock::Constant(type, counts.rows, std::move(value), std::move(heap));
}

Result<DecodedBlock> DecodeDictionaryBlock(CodecId codec, PhysicalType type, RowCounts counts,
                                           ByteSpan payload, DecodeScope scope,
                                           const uint64_t* validity) {
  AlignedBuffer codes(counts.rows * sizeof(uint32_t));
  AlignedBuffer entries;
  AlignedBuffer heap;
  if (!DecodeDictionary(codec, counts.valid, payload, scope, codes.As<uint32_t>(), entries, heap)) {
    return BadPayload(codec, type, payload);
  }
  if (validity != nullptr) {
    ExpandValues(validity, counts.rows, sizeof(uint32_t), codes.data());
  }
  const auto size = static_cast<uint32_t>(entries.size() / sizeof(StringRef));
  return DecodedBlock::Dictionary(type, counts.rows, std::move(codes), size, std::move(entries),
                                  std::move(heap));
}

Result<DecodedBlock> DecodeFlatBlock(CodecId codec, PhysicalType type, RowCounts counts,
                                     ByteSpan payload, DecodeScope scope,
                                     const uint64_t* validity) {
  AlignedBuffer values(size_t{counts.rows} * ValueBytes(type));
  AlignedBuffer heap;
  if (!DecodePayload(codec, type, counts.valid, payload, scope, values.data(), heap)) {
    return BadPayload(codec, type, payload);
  }
  if (validity != nullptr) ExpandValues(validity, counts.rows, ValueBytes(type), values.data());
  return DecodedBlock::Flat(type, counts.rows, std::move(values), std::move(heap));
}

Result<DecodedBlock> DecodeByShape(CodecId codec, PhysicalType type, RowCounts counts,
                                   ByteSpan payload, DecodeScope scope, const uint64_t* validity) {
  if (!CodecFits(codec, type)) return BadPayload(codec, type, payload);
  if (codec == CodecId::kConstant) return DecodeConstantBlock(type, counts, payload);
  // A dictionary without entries has no code for the null rows to carry: only empty blocks could.
  if (IsDictionary(codec) && counts.valid > 0) {
    return DecodeDictionaryBlock(codec, type, counts, payload, scope, validity);
  }
  return DecodeFlatBlock(codec, type, counts, payload, scope, validity);
}

}  // namespace

std::string_view CodecName(CodecId codec) {
  const auto index = static_cast<size_t>(codec);
  return index < kCodecNames.size() ? kCodecNames[index] : "unknown";
}

bool CodecFits(CodecId codec, PhysicalType type) {
  switch (codec) {
    case CodecId::kPlain:
    case CodecId::kConstant:
      return true;
    case CodecId::kRle:
    case CodecId::kGroups:
      return type != PhysicalType::kBytes;
    case CodecId::kForBitPack:
    case CodecId::kDeltaBitPack:
    case CodecId::kDeltaOfDelta:
      return IsIntegerType(type);
    case CodecId::kGorilla:
    case CodecId::kDecimal:
    case CodecId::kAlp:
    case CodecId::kAlpRd:
      return type == PhysicalType::kFloat64;
    case CodecId::kDictionary:
    case CodecId::kFsst:
    case CodecId::kFsstDictionary:
      return type == PhysicalType::kBytes;
  }
  return false;
}

Bytes EncodeBlock(const ColumnSpan& column, const EncodeOptions& options) {
  Bytes out;
  AppendBlock(column, options, out);
  return out;
}

void AppendBlock(const ColumnSpan& column, const EncodeOptions& options, Bytes& out) {
  const size_t header = out.size();
  out.resize(header + 2);
  const DenseColumn dense(column);
  uint8_t flags = 0;
  if (dense.has_nulls()) {
    flags |= kFlagNulls;
    EncodeValidity(column.validity, column.count, out);
  }
  const size_t payload = out.size();
  const bool may_group = MayGroup(dense.span(), dense.has_nulls(), options);
  const CodecId codec = WritePayload(dense.span(), may_group, options, out);
  const Header shrunk = Shrink(codec, dense.span(), payload, options, out);
  out[header] = static_cast<std::byte>(shrunk.codec);
  out[header + 1] = static_cast<std::byte>(flags | shrunk.flags);
}

Result<DecodedBlock> DecodeBlock(PhysicalType type, uint32_t row_count, ByteSpan bytes,
                                 int codec_count) {
  ByteReader reader(bytes);
  LUMA_ASSIGN_OR_RETURN(const Header header, ReadHeader(reader));
  if (static_cast<int>(header.codec) >= codec_count) {
    return Status::Corruption("block of a codec that its container is too old for: codec=",
                              CodecName(header.codec));
  }
  AlignedBuffer validity;
  RowCounts counts{row_count, row_count};
  if ((header.flags & kFlagNulls) != 0) {
    if (!DecodeValidity(reader, row_count, validity)) {
      return Status::Corruption("bad block validity: rows=", row_count);
    }
    counts.valid = CountValid(validity.As<uint64_t>(), row_count);
  }
  ByteSpan payload = reader.Raw(reader.remaining());
  AlignedBuffer decompressed;
  if ((header.flags & kFlagZstd) != 0) {
    if (!Decompress(payload, decompressed)) {
      return Status::Corruption("bad block compression: bytes=", payload.size());
    }
    payload = {decompressed.data(), decompressed.size()};
  }
  LUMA_ASSIGN_OR_RETURN(DecodedBlock block,
                        DecodeByShape(header.codec, type, counts, payload,
                                      {.codec_count = codec_count}, validity.As<uint64_t>()));
  if (validity.size() > 0) block.SetValidity(std::move(validity));
  return block;
}

Result<BlockDescription> DescribeBlock(ByteSpan bytes) {
  ByteReader reader(bytes);
  LUMA_ASSIGN_OR_RETURN(const Header header, ReadHeader(reader));
  return BlockDescription{header.codec, (header.flags & kFlagNulls) != 0,
                          (header.flags & kFlagZstd) != 0};
}

}  // namespace luma::encoding
