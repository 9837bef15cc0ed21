#include "storage/warm/segment_inspect.h"

#include <array>
#include <cmath>
#include <iomanip>
#include <sstream>

#include "storage/warm/segment_reader.h"

namespace luma::storage {
namespace {

constexpr std::array<std::string_view, kPhysicalTypeCount> kTypeNames = {
    "bool",   "int8",   "int16",   "int32",   "int64",   "uint8",    "uint16", "uint32",
    "uint64", "int128", "uint128", "float32", "float64", "interval", "bytes"};

std::string Hex(std::string_view prefix, uint64_t value, int digits) {
  std::ostringstream text;
  text << prefix << std::hex << std::setfill('0') << std::setw(digits) << value;
  return std::move(text).str();
}

// Printable ASCII as it is, everything else as \xNN.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char letter : text) {
    const bool plain = letter >= ' ' && letter <= '~' && letter != '"' && letter != '\\';
    quoted += plain ? std::string(1, letter) : Hex("\\x", static_cast<uint8_t>(letter), 2);
  }
  return quoted + "\"";
}

std::string Int128Text(uint64_t low, uint64_t high) {
  return Hex("0x", high, 16) + Hex("", low, 16);
}

std::string BoundText(PhysicalType type, const ZoneBound& bound) {
  switch (type) {
    case PhysicalType::kInt8:
      return std::to_string(bound.As<int8_t>());
    case PhysicalType::kInt16:
      return std::to_string(bound.As<int16_t>());
    case PhysicalType::kInt32:
      return std::to_string(bound.As<int32_t>());
    case PhysicalType::kInt64:
      return std::to_string(bound.As<int64_t>());
    case PhysicalType::kBool:
    case PhysicalType::kUInt8:
      return std::to_string(bound.As<uint8_t>());
    case PhysicalType::kUInt16:
      return std::to_string(bound.As<uint16_t>());
    case PhysicalType::kUInt32:
      return std::to_string(bound.As<uint32_t>());
    case PhysicalType::kUInt64:
      return std::to_string(bound.As<uint64_t>());
    case PhysicalType::kFloat32:
      return std::to_string(bound.As<float>());
    case PhysicalType::kFloat64:
      return std::to_string(bound.As<double>());
    case PhysicalType::kBytes:
      return Quoted(bound.Text());
    case PhysicalType::kInt128:
    case PhysicalType::kUInt128:
    case PhysicalType::kInterval:
      break;
  }
  const auto halves = bound.As<Int128>();
  return Int128Text(halves.low, static_cast<uint64_t>(halves.high));
}

void PrintZone(const ZoneMap& zone, std::ostream& out) {
  out << " nulls=" << zone.null_count;
  if (zone.has_min) out << " min=" << BoundText(zone.type, zone.min);
  if (zone.has_min && !zone.min_exact) out << " (cut)";
  if (zone.has_max) out << " max=" << BoundText(zone.type, zone.max);
  if (zone.has_max && !zone.max_exact) out << " (rounded up)";
  if (zone.has_nan) out << " nan";
  if (zone.sum_kind == ZoneMap::Sum::kDouble) out << " sum=" << zone.sum_double;
  if (zone.sum_kind != ZoneMap::Sum::kInt128) return;
  const bool fits =
      zone.sum_int128.high == (static_cast<int64_t>(zone.sum_int128.low) < 0 ? -1 : 0);
  out << " sum="
      << (fits ? std::to_string(static_cast<int64_t>(zone.sum_int128.low))
               : Int128Text(zone.sum_int128.low, static_cast<uint64_t>(zone.sum_int128.high)));
}

// How the block's bytes are encoded, or what is wrong with them.
Status CheckBlock(const SegmentReader& reader, ColumnId column, uint32_t block, std::ostream& out) {
  LUMA_ASSIGN_OR_RETURN(const Bytes bytes, reader.ReadEncodedBlock(column, block));
  LUMA_ASSIGN_OR_RETURN(const auto description, encoding::DescribeBlock(bytes));
  out << " codec=" << CodecText(description);
  return reader.ReadBlock(column, block).status();
}

Status PrintBlock(const SegmentReader& reader, ColumnId column, uint32_t block, std::ostream& out) {
  const SegmentBlock& entry = reader.Entry(column, block);
  out << "  block=" << block << " column=" << static_cast<uint32_t>(column)
      << " offset=" << entry.offset << " bytes=" << entry.bytes << " rows=" << entry.zone.row_count
      << " crc32c=" << Hex("0x", entry.crc32c, 8);
  const Status status = CheckBlock(reader, column, block, out);
  PrintZone(entry.zone, out);
  if (!status.ok()) out << " DAMAGED: " << status;
  out << "\n";
  return status;
}

void PrintHeader(const SegmentReader& reader, std::ostream& out) {
  out << "segment " << reader.path() << "\n"
      << "  version=" << reader.identity().version
      << " table=" << static_cast<uint32_t>(reader.identity().table_id)
      << " run=" << static_cast<uint32_t>(reader.identity().run_id)
      << " writer_epoch=" << reader.identity().writer_epoch << " rows=" << reader.row_count()
      << " blocks_per_column=" << reader.block_count()
      << " footer_crc32c=" << Hex("0x", reader.footer_crc(), 8) << "\n";
  for (const SegmentColumn& column : reader.columns()) {
    out << "  column=" << static_cast<uint32_t>(column.id)
        << " type=" << kTypeNames[static_cast<size_t>(column.type)] << "\n";
  }
}

}  // namespace

std::string CodecText(const encoding::BlockDescription& block) {
  return std::string(encoding::CodecName(block.codec)) + (block.zstd ? "+zstd" : "");
}

Status DescribeSegment(io::FileSystem& fs, const io::Path& path, std::ostream& out) {
  LUMA_ASSIGN_OR_RETURN(const auto reader, SegmentReader::OpenUnknown(fs, path));
  PrintHeader(*reader, out);
  Status first_error;
  for (uint32_t block = 0; block < reader->block_count(); ++block) {
    for (const SegmentColumn& column : reader->columns()) {
      const Status status = PrintBlock(*reader, column.id, block, out);
      if (first_error.ok()) first_error = status;
    }
  }
  return first_error;
}

}  // namespace luma::storage
