#include "storage/store_report.h"

#include "storage/warm/segment_inspect.h"

namespace luma::storage {

std::optional<ZoneMap> SegmentReport::Zone(ColumnId column) const {
  const SegmentReader& reader = file().reader();
  if (!reader.HasColumn(column)) return std::nullopt;
  ZoneMap zone = reader.Zone(column, 0);
  for (uint32_t block = 1; block < reader.block_count(); ++block) {
    MergeZoneMap(zone, reader.Zone(column, block));
  }
  return zone;
}

Result<BlockReport> SegmentReport::Block(ColumnId column, uint32_t block) const {
  const SegmentReader& reader = file().reader();
  const SegmentBlock& entry = reader.Entry(column, block);
  LUMA_ASSIGN_OR_RETURN(const auto description, reader.DescribeBlock(column, block));
  return BlockReport{
      .codec = CodecText(description), .encoded_bytes = entry.bytes, .zone = entry.zone};
}

}  // namespace luma::storage
