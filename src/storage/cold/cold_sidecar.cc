#include "storage/cold/cold_sidecar.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/crc32c.h"
#include "storage/zone_map_codec.h"

namespace luma::storage {
namespace {

constexpr std::string_view kMagic = "LCSC";
// The least a column takes: id, type, two empty texts.
constexpr size_t kColumnBytesMin = 4;

uint64_t PieceCount(uint64_t object_bytes) {
  return object_bytes / kColdPieceBytes + (object_bytes % kColdPieceBytes == 0 ? 0 : 1);
}

void WriteHeader(const ColdSidecar& sidecar, ByteWriter& out) {
  out.Raw(AsBytes(kMagic));
  out.Fixed(kColdSidecarVersion);
  out.Fixed(static_cast<uint32_t>(sidecar.table_id));
  out.Fixed(static_cast<uint32_t>(sidecar.run_id));
  out.Fixed(sidecar.writer_epoch);
  out.Fixed(sidecar.object.size_bytes);
  out.Fixed(sidecar.object.crc32c);
  out.Fixed(sidecar.row_count);
  out.Fixed(kBlockRows);
  out.Fixed(kColdGroupRows);
  out.Fixed(kColdPieceBytes);
  out.Fixed(static_cast<uint32_t>(sidecar.columns.size()));
}

// Returns the number of columns.
Result<uint32_t> ReadHeader(ByteReader& in, ColdSidecar& sidecar) {
  const std::string_view magic = AsText(in.Raw(kMagic.size()));
  const auto version = in.Fixed<uint32_t>();
  if (magic != kMagic) return Status::Corruption("not a sidecar of a cold object");
  if (version != kColdSidecarVersion) {
    return Status::Unsupported("unknown version of a cold sidecar: version=", version);
  }
  sidecar.table_id = ObjectId{in.Fixed<uint32_t>()};
  sidecar.run_id = RunId{in.Fixed<uint32_t>()};
  sidecar.writer_epoch = in.Fixed<uint64_t>();
  sidecar.object.size_bytes = in.Fixed<uint64_t>();
  sidecar.object.crc32c = in.Fixed<uint32_t>();
  sidecar.row_count = in.Fixed<uint32_t>();
  const bool has_our_sizes = in.Fixed<uint32_t>() == kBlockRows &&
                             in.Fixed<uint32_t>() == kColdGroupRows &&
                             in.Fixed<uint32_t>() == kColdPieceBytes;
  const auto columns = in.Fixed<uint32_t>();
  if (!has_our_sizes) return Status::Unsupported("cold sidecar with other block sizes");
  return columns;
}

bool ReadColumns(ByteReader& in, uint32_t count, std::vector<ColdColumn>& columns) {
  if (count == 0 || count > in.remaining() / kColumnBytesMin) return false;
  std::set<ColumnId> ids;
  for (uint32_t i = 0; i < count; ++i) {
    ColdColumn column;
    const uint64_t id = in.Varint();
    const auto type = in.Fixed<uint8_t>();
    column.name = in.LengthPrefixed();
    column.logical_type = in.LengthPrefixed();
    if (!in.ok() || id > UINT32_MAX || type >= kPhysicalTypeCount) return false;
    column.id = static_cast<ColumnId>(id);
    column.physical_type = static_cast<PhysicalType>(type);
    if (!ids.insert(column.id).second) return false;
    columns.push_back(std::move(column));
  }
  return true;
}

bool ReadPieces(ByteReader& in, ColdSidecar& sidecar) {
  const uint64_t count = PieceCount(sidecar.object.size_bytes);
  if (count > in.remaining() / sizeof(uint32_t)) return false;
  for (uint64_t i = 0; i < count; ++i) sidecar.piece_crc32c.push_back(in.Fixed<uint32_t>());
  return in.ok();
}

bool ReadZones(ByteReader& in, ColdSidecar& sidecar) {
  const uint64_t count = uint64_t{sidecar.block_count()} * sidecar.columns.size();
  if (count > in.remaining() / kZoneMapBytesMin) return false;
  for (uint32_t block = 0; block < sidecar.block_count(); ++block) {
    for (const ColdColumn& column : sidecar.columns) {
      ZoneMap zone;
      zone.type = column.physical_type;
      zone.row_count = sidecar.BlockRows(block);
      if (!ReadZoneMap(in, zone)) return false;
      sidecar.zones.push_back(zone);
    }
  }
  return true;
}

}  // namespace

std::optional<size_t> ColdSidecar::FindColumn(ColumnId id) const {
  const auto found = std::ranges::find(columns, id, &ColdColumn::id);
  if (found == columns.end()) return std::nullopt;
  return static_cast<size_t>(found - columns.begin());
}

Bytes EncodeColdSidecar(const ColdSidecar& sidecar) {
  LUMA_CHECK(sidecar.piece_crc32c.size() == PieceCount(sidecar.object.size_bytes));
  LUMA_CHECK(sidecar.zones.size() == size_t{sidecar.block_count()} * sidecar.columns.size());
  Bytes bytes;
  ByteWriter out(bytes);
  WriteHeader(sidecar, out);
  LUMA_CHECK(bytes.size() == kColdSidecarHeaderBytes);
  for (const ColdColumn& column : sidecar.columns) {
    out.Varint(static_cast<uint32_t>(column.id));
    out.Fixed(static_cast<uint8_t>(column.physical_type));
    out.LengthPrefixed(column.name);
    out.LengthPrefixed(column.logical_type);
  }
  for (const uint32_t crc : sidecar.piece_crc32c) out.Fixed(crc);
  for (const ZoneMap& zone : sidecar.zones) WriteZoneMap(zone, out);
  out.Fixed(Crc32c(bytes));
  return bytes;
}

uint32_t ColdSidecarCrc(ByteSpan encoded) {
  LUMA_CHECK(encoded.size() >= sizeof(uint32_t));
  return LoadLe<uint32_t>(encoded.data() + encoded.size() - sizeof(uint32_t));
}

Result<ColdSidecar> DecodeColdSidecar(ByteSpan bytes) {
  if (bytes.size() < kColdSidecarHeaderBytes + sizeof(uint32_t)) {
    return Status::Corruption("cold sidecar is too short: bytes=", bytes.size());
  }
  const ByteSpan content = bytes.first(bytes.size() - sizeof(uint32_t));
  ColdSidecar sidecar;
  ByteReader in(content);
  LUMA_ASSIGN_OR_RETURN(const uint32_t columns, ReadHeader(in, sidecar));
  if (Crc32c(content) != ColdSidecarCrc(bytes)) {
    return Status::Corruption("bad checksum of a cold sidecar");
  }
  if (sidecar.row_count == 0 || !ReadColumns(in, columns, sidecar.columns) ||
      !ReadPieces(in, sidecar) || !ReadZones(in, sidecar) || in.remaining() > 0) {
    return Status::Corruption("bad cold sidecar: offset=", in.position());
  }
  return sidecar;
}

}  // namespace luma::storage
