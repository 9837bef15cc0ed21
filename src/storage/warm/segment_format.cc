#include "storage/warm/segment_format.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/crc32c.h"
#include "base/hash.h"

namespace luma::storage {
namespace {

constexpr std::string_view kHeaderMagic = "LSEG";
constexpr std::string_view kTrailerMagic = "LEND";

constexpr uint8_t kZoneHasMin = 0x01;
constexpr uint8_t kZoneHasMax = 0x02;
constexpr uint8_t kZoneMinExact = 0x04;
constexpr uint8_t kZoneMaxExact = 0x08;
constexpr uint8_t kZoneHasNan = 0x10;
constexpr uint8_t kZoneSumInt128 = 0x20;
constexpr uint8_t kZoneSumDouble = 0x40;
constexpr uint8_t kZoneFlagsKnown = 0x7f;

// The least a block takes in the footer: length, checksum, zone flags, null count.
constexpr size_t kBlockEntryBytesMin = 1 + 4 + 1 + 1;

uint8_t FlagIf(bool condition, uint8_t flag) { return condition ? flag : 0; }

uint8_t ZoneFlags(const ZoneMap& zone) {
  return FlagIf(zone.has_min, kZoneHasMin) | FlagIf(zone.has_max, kZoneHasMax) |
         FlagIf(zone.min_exact, kZoneMinExact) | FlagIf(zone.max_exact, kZoneMaxExact) |
         FlagIf(zone.has_nan, kZoneHasNan) |
         FlagIf(zone.sum_kind == ZoneMap::Sum::kInt128, kZoneSumInt128) |
         FlagIf(zone.sum_kind == ZoneMap::Sum::kDouble, kZoneSumDouble);
}

void WriteBound(const ZoneBound& bound, PhysicalType type, ByteWriter& writer) {
  if (type == PhysicalType::kBytes) writer.Fixed(bound.size);
  writer.Raw(ByteSpan(bound.bytes).first(bound.size));
}

void WriteZone(const ZoneMap& zone, ByteWriter& writer) {
  writer.Fixed(ZoneFlags(zone));
  writer.Varint(zone.null_count);
  if (zone.has_min) WriteBound(zone.min, zone.type, writer);
  if (zone.has_max) WriteBound(zone.max, zone.type, writer);
  if (zone.sum_kind == ZoneMap::Sum::kInt128) writer.Fixed(zone.sum_int128);
  if (zone.sum_kind == ZoneMap::Sum::kDouble) writer.Fixed(zone.sum_double);
}

bool ReadBound(ByteReader& reader, PhysicalType type, ZoneBound& bound) {
  bound.size = type == PhysicalType::kBytes ? reader.Fixed<uint8_t>()
                                            : static_cast<uint8_t>(ValueBytes(type));
  if (bound.size > bound.bytes.size()) return false;
  const ByteSpan bytes = reader.Raw(bound.size);
  std::copy(bytes.begin(), bytes.end(), bound.bytes.begin());
  return reader.ok();
}

ZoneMap::Sum SumKind(uint8_t flags) {
  if ((flags & kZoneSumInt128) != 0) return ZoneMap::Sum::kInt128;
  return (flags & kZoneSumDouble) != 0 ? ZoneMap::Sum::kDouble : ZoneMap::Sum::kNone;
}

// `zone` comes with type and row count. False: not a zone map.
bool ReadZone(ByteReader& reader, ZoneMap& zone) {
  const auto flags = reader.Fixed<uint8_t>();
  const uint64_t null_count = reader.Varint();
  const bool two_sums = (flags & kZoneSumInt128) != 0 && (flags & kZoneSumDouble) != 0;
  if ((flags & ~kZoneFlagsKnown) != 0 || two_sums || null_count > zone.row_count) return false;
  zone.null_count = static_cast<uint32_t>(null_count);
  zone.has_min = (flags & kZoneHasMin) != 0;
  zone.has_max = (flags & kZoneHasMax) != 0;
  zone.min_exact = (flags & kZoneMinExact) != 0;
  zone.max_exact = (flags & kZoneMaxExact) != 0;
  zone.has_nan = (flags & kZoneHasNan) != 0;
  zone.sum_kind = SumKind(flags);
  if (zone.has_min && !ReadBound(reader, zone.type, zone.min)) return false;
  if (zone.has_max && !ReadBound(reader, zone.type, zone.max)) return false;
  if (zone.sum_kind == ZoneMap::Sum::kInt128) zone.sum_int128 = reader.Fixed<Int128>();
  if (zone.sum_kind == ZoneMap::Sum::kDouble) zone.sum_double = reader.Fixed<double>();
  return reader.ok();
}

uint64_t ContentHash(const std::vector<SegmentBlock>& blocks) {
  Bytes checksums;
  ByteWriter writer(checksums);
  for (const SegmentBlock& block : blocks) writer.Fixed(block.crc32c);
  return Hash64(checksums);
}

bool ReadColumns(ByteReader& reader, std::vector<SegmentColumn>& columns) {
  const uint64_t count = reader.Varint();
  if (count == 0 || count > reader.remaining() / 2) return false;
  std::set<ColumnId> ids;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t id = reader.Varint();
    const auto type = reader.Fixed<uint8_t>();
    if (id > UINT32_MAX || type >= kPhysicalTypeCount) return false;
    columns.push_back({static_cast<ColumnId>(id), static_cast<PhysicalType>(type)});
    if (!ids.insert(columns.back().id).second) return false;
  }
  return reader.ok();
}

// Reads footer.blocks and checks that they fill the file up to `footer_offset`.
bool ReadBlocks(ByteReader& reader, uint64_t footer_offset, SegmentFooter& footer) {
  const uint64_t count = uint64_t{footer.block_count()} * footer.columns.size();
  if (count > reader.remaining() / kBlockEntryBytesMin) return false;
  footer.blocks.resize(count);
  uint64_t offset = kSegmentHeaderBytes;
  for (size_t i = 0; i < count; ++i) {
    SegmentBlock& block = footer.blocks[i];
    block.offset = offset;
    block.bytes = reader.Varint();
    block.crc32c = reader.Fixed<uint32_t>();
    if (block.bytes > footer_offset - offset) return false;
    offset += block.bytes;
    block.zone.type = footer.columns[i % footer.columns.size()].type;
    block.zone.row_count = footer.BlockRowCount(static_cast<uint32_t>(i / footer.columns.size()));
    if (!ReadZone(reader, block.zone)) return false;
  }
  return offset == footer_offset;
}

}  // namespace

Bytes EncodeSegmentHeader(const SegmentIdentity& identity) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.Raw(AsBytes(kHeaderMagic));
  writer.Fixed(kSegmentVersion);
  writer.Fixed(identity.table_id);
  writer.Fixed(identity.run_id);
  writer.Fixed(identity.writer_epoch);
  writer.Fixed(kBlockRows);
  writer.Fixed(Crc32c(bytes));
  LUMA_CHECK(bytes.size() == kSegmentHeaderBytes);  // docs/formats/segment.md
  return bytes;
}

Result<SegmentIdentity> DecodeSegmentHeader(ByteSpan bytes) {
  ByteReader reader(bytes);
  const bool magic_fits = AsText(reader.Raw(kHeaderMagic.size())) == kHeaderMagic;
  const auto version = reader.Fixed<uint32_t>();
  SegmentIdentity identity;
  identity.table_id = reader.Fixed<ObjectId>();
  identity.run_id = reader.Fixed<RunId>();
  identity.writer_epoch = reader.Fixed<uint64_t>();
  const auto block_rows = reader.Fixed<uint32_t>();
  const auto crc = reader.Fixed<uint32_t>();
  if (!reader.ok() || !magic_fits) return Status::Corruption("not a segment file");
  // The checksum first: a flipped bit in the version is damage, not a file from the future.
  if (crc != Crc32c(bytes.first(kSegmentHeaderBytes - sizeof(crc)))) {
    return Status::Corruption("bad segment header checksum");
  }
  if (version != kSegmentVersion || block_rows != kBlockRows) {
    return Status::Unsupported("unknown segment version: version=", version,
                               " block_rows=", block_rows, " known_version=", kSegmentVersion);
  }
  return identity;
}

Bytes EncodeSegmentFooter(const SegmentFooter& footer) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.Varint(footer.row_count);
  writer.Varint(footer.columns.size());
  for (const SegmentColumn& column : footer.columns) {
    writer.Varint(static_cast<uint32_t>(column.id));
    writer.Fixed(column.type);
  }
  for (const SegmentBlock& block : footer.blocks) {
    writer.Varint(block.bytes);
    writer.Fixed(block.crc32c);
    WriteZone(block.zone, writer);
  }
  writer.Fixed(ContentHash(footer.blocks));
  return bytes;
}

Result<SegmentFooter> DecodeSegmentFooter(ByteSpan bytes, uint64_t footer_offset) {
  ByteReader reader(bytes);
  SegmentFooter footer;
  const uint64_t row_count = reader.Varint();
  if (row_count == 0 || row_count > UINT32_MAX || footer_offset < kSegmentHeaderBytes) {
    return Status::Corruption("bad segment footer: row_count=", row_count);
  }
  footer.row_count = static_cast<uint32_t>(row_count);
  if (!ReadColumns(reader, footer.columns)) return Status::Corruption("bad segment columns");
  if (!ReadBlocks(reader, footer_offset, footer)) {
    return Status::Corruption("bad segment block index: footer_position=", reader.position());
  }
  const auto content_hash = reader.Fixed<uint64_t>();
  if (!reader.ok() || reader.remaining() > 0 || content_hash != ContentHash(footer.blocks)) {
    return Status::Corruption("bad segment content hash");
  }
  return footer;
}

Bytes EncodeSegmentTrailer(const SegmentTrailer& trailer) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.Fixed(trailer.footer_bytes);
  writer.Fixed(trailer.footer_crc32c);
  writer.Raw(AsBytes(kTrailerMagic));
  LUMA_CHECK(bytes.size() == kSegmentTrailerBytes);  // docs/formats/segment.md
  return bytes;
}

Result<SegmentTrailer> DecodeSegmentTrailer(ByteSpan bytes) {
  ByteReader reader(bytes);
  SegmentTrailer trailer;
  trailer.footer_bytes = reader.Fixed<uint32_t>();
  trailer.footer_crc32c = reader.Fixed<uint32_t>();
  if (AsText(reader.Raw(kTrailerMagic.size())) != kTrailerMagic) {
    return Status::Corruption("segment file does not end in a trailer");
  }
  return trailer;
}

uint32_t SegmentBlockCrc(const SegmentIdentity& identity, uint64_t offset, ByteSpan block) {
  Bytes place;
  ByteWriter writer(place);
  writer.Fixed(identity.table_id);
  writer.Fixed(identity.run_id);
  writer.Fixed(offset);
  return Crc32c(block, Crc32c(place));
}

uint32_t SegmentFooterCrc(ByteSpan header, uint64_t footer_offset, ByteSpan footer) {
  std::array<std::byte, sizeof(footer_offset)> offset_bytes;
  StoreLe(offset_bytes.data(), footer_offset);
  return Crc32c(footer, Crc32c(offset_bytes, Crc32c(header)));
}

}  // namespace luma::storage
