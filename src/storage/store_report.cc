#include "storage/store_report.h"

#include "storage/warm/segment_inspect.h"
#include "storage/warm_run.h"

namespace luma::storage {

std::optional<ZoneMap> SegmentReport::Zone(ColumnId column) const {
  const ZoneMap* const first = run_->Zone(column, 0);
  if (first == nullptr) return std::nullopt;
  ZoneMap zone = *first;
  for (uint32_t block = 1; block < run_->block_count(); ++block) {
    MergeZoneMap(zone, *run_->Zone(column, block));
  }
  return zone;
}

Result<BlockReport> SegmentReport::Block(ColumnId column, uint32_t block) const {
  if (tier() == Tier::kCold) {
    return BlockReport{.codec = "cold", .encoded_bytes = 0, .zone = *run_->Zone(column, block)};
  }
  const SegmentReader& reader = static_cast<const WarmRun&>(stored()).reader();
  const SegmentBlock& entry = reader.Entry(column, block);
  LUMA_ASSIGN_OR_RETURN(const auto description, reader.DescribeBlock(column, block));
  return BlockReport{
      .codec = CodecText(description), .encoded_bytes = entry.bytes, .zone = entry.zone};
}

}  // namespace luma::storage
