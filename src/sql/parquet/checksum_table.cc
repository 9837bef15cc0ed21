#include "sql/parquet/checksum_table.h"

#include <algorithm>
#include <string_view>

#include "base/crc32c.h"

namespace luma::sql {
namespace {

constexpr std::string_view kParquetMagic = "PAR1";
constexpr std::string_view kTableMagic = "LUMACRC1";
constexpr size_t kEntryBytes = 20;
constexpr size_t kTrailerBytes = 24;
constexpr uint64_t kFirstReadBytes = 64 << 10;

Status Damaged(const storage::ColdBytes& bytes, std::string_view what) {
  return Status::Corruption("damaged cold file: ", what, ": object=", bytes.name(),
                            " bytes=", bytes.size_bytes());
}

// The last `count` bytes of the file, of which `tail` has some.
Status ExtendTail(const storage::ColdBytes& bytes, uint64_t count, Bytes& tail) {
  if (count <= tail.size()) return Status::Ok();
  if (count > bytes.size_bytes()) return Damaged(bytes, "lengths beyond the file");
  Bytes longer(count);
  LUMA_RETURN_IF_ERROR(
      bytes.Read(bytes.size_bytes() - count, std::span(longer).first(count - tail.size())));
  std::ranges::copy(tail, longer.end() - static_cast<ptrdiff_t>(tail.size()));
  tail = std::move(longer);
  return Status::Ok();
}

ByteSpan Last(const Bytes& tail, uint64_t count) { return ByteSpan(tail).last(count); }

struct Trailer {
  uint32_t group_count;
  uint32_t column_count;
  uint32_t footer_crc32c;
  uint32_t table_crc32c;
};

ChecksumTable DecodeEntries(ByteReader reader, const Trailer& trailer) {
  ChecksumTable table{.column_count = trailer.column_count, .extents = {}};
  while (reader.remaining() >= kEntryBytes) {
    const auto offset = reader.Fixed<uint64_t>();
    const auto length = reader.Fixed<uint64_t>();
    table.extents.push_back({offset, length, reader.Fixed<uint32_t>()});
  }
  return table;
}

}  // namespace

Bytes EncodeFileTail(const ChecksumTable& table, ByteSpan footer) {
  Bytes out;
  ByteWriter writer(out);
  for (const ChunkExtent& extent : table.extents) {
    writer.Fixed(extent.offset);
    writer.Fixed(extent.bytes);
    writer.Fixed(extent.crc32c);
  }
  writer.Fixed(table.group_count());
  writer.Fixed(table.column_count);
  writer.Fixed(Crc32c(footer));
  writer.Fixed(Crc32c(out));
  writer.Raw(AsBytes(kTableMagic));
  writer.Raw(footer);
  writer.Fixed(static_cast<uint32_t>(footer.size()));
  writer.Raw(AsBytes(kParquetMagic));
  return out;
}

Result<FileTail> ReadFileTail(const storage::ColdBytes& bytes) {
  Bytes tail;
  LUMA_RETURN_IF_ERROR(ExtendTail(bytes, std::min(kFirstReadBytes, bytes.size_bytes()), tail));
  if (tail.size() < kTrailerBytes + kParquetFrameBytes) return Damaged(bytes, "too short");
  const ByteSpan frame = Last(tail, kParquetFrameBytes);
  if (AsText(frame.subspan(4)) != kParquetMagic) return Damaged(bytes, "no Parquet file");

  const uint64_t footer_bytes = LoadLe<uint32_t>(frame.data());
  const uint64_t trailer_end = kParquetFrameBytes + footer_bytes;
  LUMA_RETURN_IF_ERROR(ExtendTail(bytes, trailer_end + kTrailerBytes, tail));
  ByteReader reader(Last(tail, trailer_end + kTrailerBytes));
  const Trailer trailer{reader.Fixed<uint32_t>(), reader.Fixed<uint32_t>(),
                        reader.Fixed<uint32_t>(), reader.Fixed<uint32_t>()};
  if (AsText(reader.Raw(kTableMagic.size())) != kTableMagic) {
    return Damaged(bytes, "no checksum table");
  }
  const ByteSpan footer = reader.Raw(footer_bytes);
  if (Crc32c(footer) != trailer.footer_crc32c) return Damaged(bytes, "bad checksum of the footer");

  // No overflow: two counts of 32 bits and a constant below 32.
  const auto entry_count =
      static_cast<unsigned __int128>(trailer.group_count) * trailer.column_count * kEntryBytes;
  if (entry_count > bytes.size_bytes()) return Damaged(bytes, "bad counts of the checksum table");
  const auto entry_bytes = static_cast<uint64_t>(entry_count);
  FileTail result{.table = {}, .footer = Bytes(footer.begin(), footer.end())};
  LUMA_RETURN_IF_ERROR(ExtendTail(bytes, trailer_end + kTrailerBytes + entry_bytes, tail));
  const ByteSpan entries =
      Last(tail, trailer_end + kTrailerBytes + entry_bytes).first(entry_bytes + 12);
  if (Crc32c(entries) != trailer.table_crc32c) {
    return Damaged(bytes, "bad checksum of the checksum table");
  }
  result.table = DecodeEntries(ByteReader(entries.first(entry_bytes)), trailer);
  return result;
}

}  // namespace luma::sql
