#include "storage/warm_run.h"

#include <utility>

#include "base/log.h"
#include "storage/decoded_column.h"

namespace luma::storage {
WarmRun::~WarmRun() {
  if (!is_obsolete()) return;
  const Status removed = fs_.Remove(reader_->path());
  if (!removed.ok()) LUMA_LOG(kWarn, "storage", "obsolete segment stays: {}", removed.message());
}

const ZoneMap* WarmRun::Zone(ColumnId column, uint32_t block, uint32_t) const {
  return reader_->HasColumn(column) ? &reader_->Zone(column, block) : nullptr;
}

Result<DecodedBlockPtr> WarmRun::ReadBlock(ColumnId column, uint32_t block) const {
  if (cache_ == nullptr) return reader_->ReadBlock(column, block);
  return cache_->Get({.segment = cache_number_, .column = column, .block = block},
                     [&] { return reader_->ReadBlock(column, block); });
}

ColumnBlock WarmRun::MissingBlock(const ColumnSchema& column, uint32_t block) const {
  return ConstantBlock(column.physical_type, column.missing_value, reader_->BlockRowCount(block));
}

Result<ColumnBlock> WarmRun::Read(const ColumnSchema& column, uint32_t block, uint32_t) const {
  if (!reader_->HasColumn(column.id)) return MissingBlock(column, block);
  LUMA_ASSIGN_OR_RETURN(DecodedBlockPtr decoded, ReadBlock(column.id, block));
  return ColumnBlockOf(column, std::move(decoded));
}

Result<ColumnBlock> WarmRun::ReadOnce(const ColumnSchema& column, uint32_t block,
                                      ReadCost& cost) const {
  if (!reader_->HasColumn(column.id)) return MissingBlock(column, block);
  LUMA_ASSIGN_OR_RETURN(DecodedBlockPtr decoded, reader_->ReadBlock(column.id, block));
  cost.memory_bytes += decoded->memory_bytes();
  cost.read_bytes += reader_->Entry(column.id, block).bytes;
  return ColumnBlockOf(column, std::move(decoded));
}

}  // namespace luma::storage
