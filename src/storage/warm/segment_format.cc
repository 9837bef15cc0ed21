#include "storage/warm/segment_format.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/crc32c.h"
#include "base/hash.h"
#include "storage/zone_map_codec.h"

namespace luma::storage {
namespace {

constexpr std::string_view kHeaderMagic = "LSEG";
constexpr std::string_view kTrailerMagic = "LEND";

// The least a block takes in the footer: length, checksum, zone flags, null count.
constexpr size_t kBlockEntryBytesMin = 1 + 4 + 1 + 1;

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
    if (!ReadZoneMap(reader, block.zone)) return false;
  }
  return offset == footer_offset;
}

}  // namespace

Bytes EncodeSegmentHeader(const SegmentIdentity& identity) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.Raw(AsBytes(kHeaderMagic));
  writer.Fixed(identity.version);
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
  SegmentIdentity identity;
  identity.version = reader.Fixed<uint32_t>();
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
  if (identity.version == 0 || identity.version > kSegmentVersion || block_rows != kBlockRows) {
    return Status::Unsupported("unknown segment version: version=", identity.version,
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
    WriteZoneMap(block.zone, writer);
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
  // The CRC of bytes and their own CRC is the same for all bytes: a header with its checksum, which
  // older versions went over, says nothing about the header.
  constexpr uint32_t kFirstThatBindsHeader = 3;
  const auto version = LoadLe<uint32_t>(header.data() + kHeaderMagic.size());
  if (version >= kFirstThatBindsHeader) {
    header = header.first(kSegmentHeaderBytes - sizeof(uint32_t));
  }
  std::array<std::byte, sizeof(footer_offset)> offset_bytes;
  StoreLe(offset_bytes.data(), footer_offset);
  return Crc32c(footer, Crc32c(offset_bytes, Crc32c(header)));
}

}  // namespace luma::storage
