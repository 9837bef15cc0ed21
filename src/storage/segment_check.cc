#include "storage/segment_check.h"

namespace luma::storage {
namespace {

bool HasSameBounds(const ZoneMap& values, const ZoneMap& kept) {
  return values.row_count == kept.row_count && values.null_count == kept.null_count &&
         values.has_min == kept.has_min && values.has_max == kept.has_max &&
         values.has_nan == kept.has_nan && (!kept.has_min || values.min == kept.min) &&
         (!kept.has_max || values.max == kept.max);
}

Status CheckBlock(const SegmentReader& reader, ColumnId column, uint32_t block) {
  LUMA_ASSIGN_OR_RETURN(const auto decoded, reader.ReadBlock(column, block));
  encoding::AlignedBuffer scratch;
  if (HasSameBounds(ComputeZoneMap(decoded->Flatten(scratch)), reader.Zone(column, block))) {
    return Status::Ok();
  }
  return Status::Corruption("zone map of a block is not that of its values: path=", reader.path(),
                            " offset=", reader.Entry(column, block).offset);
}

}  // namespace

Status CheckSegment(const SegmentReader& reader,
                    const std::function<Status(uint64_t bytes)>& on_block) {
  for (uint32_t block = 0; block < reader.block_count(); ++block) {
    for (const SegmentColumn& column : reader.columns()) {
      LUMA_RETURN_IF_ERROR(CheckBlock(reader, column.id, block));
      LUMA_RETURN_IF_ERROR(on_block(reader.Entry(column.id, block).bytes));
    }
  }
  return Status::Ok();
}

}  // namespace luma::storage
