#include "storage/cold/cold_run.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "storage/cold/cold_keys.h"
#include "storage/decoded_column.h"

namespace luma::storage {

ColdRun::ColdRun(ColdTier& tier, ObjectId table, RunRecord record, uint32_t layout)
    : StoredRun(record.id, Tier::kCold),
      tier_(tier),
      table_(table),
      record_(std::move(record)),
      layout_(layout),
      cache_number_(tier.cache() == nullptr ? 0 : tier.cache()->NextSegmentNumber()) {
  Result<ColdSidecar> sidecar = tier_.ReadLocalSidecar(table_, record_);
  if (sidecar.ok()) {
    SetIndex(std::move(sidecar).value());
    return;
  }
  LUMA_LOG(kWarn, "storage", "cold sidecar will be fetched again: {}", sidecar.status().message());
}

ColdRun::~ColdRun() {
  if (!is_obsolete()) return;
  tier_.Discard(record_.cold->key);
  tier_.Discard(ColdSidecarKey(record_.cold->key));
  const Status removed = tier_.fs().Remove(tier_.directory().cold_file(record_.file_name));
  if (removed.ok() || removed.code() == StatusCode::kNotFound) return;
  LUMA_LOG(kWarn, "storage", "obsolete cold sidecar stays: {}", removed.message());
}

void ColdRun::SetIndex(ColdSidecar sidecar) const {
  auto index = std::make_unique<Index>();
  for (const ColdColumn& column : sidecar.columns) {
    index->columns.push_back({column.id, column.physical_type});
  }
  index->sidecar = std::make_shared<const ColdSidecar>(std::move(sidecar));
  index_owner_ = std::move(index);
  index_.store(index_owner_.get(), std::memory_order_release);
}

std::span<const SegmentColumn> ColdRun::columns() const {
  const Index* const index = index_.load(std::memory_order_acquire);
  return index == nullptr ? std::span<const SegmentColumn>() : index->columns;
}

std::shared_ptr<const ColdSidecar> ColdRun::sidecar() const {
  const Index* const index = index_.load(std::memory_order_acquire);
  return index == nullptr ? nullptr : index->sidecar;
}

const ZoneMap* ColdRun::Zone(ColumnId column, uint32_t block, uint32_t) const {
  const Index* const index = index_.load(std::memory_order_acquire);
  if (index == nullptr) return nullptr;
  const std::optional<size_t> at = index->sidecar->FindColumn(column);
  return at ? &index->sidecar->Zone(*at, block) : nullptr;
}

Result<const ColdRun::Index*> ColdRun::FindIndex() const {
  if (const Index* const index = index_.load(std::memory_order_acquire)) return index;
  MutexLock lock(mutex_);
  if (index_owner_ == nullptr) {
    LUMA_ASSIGN_OR_RETURN(ColdSidecar sidecar, tier_.FetchSidecar(table_, record_));
    SetIndex(std::move(sidecar));
  }
  return index_owner_.get();
}

Result<std::shared_ptr<const ColdFile>> ColdRun::OpenFile(const Index& index) const {
  MutexLock lock(mutex_);
  if (file_ != nullptr) return file_;
  LUMA_ASSIGN_OR_RETURN(auto bytes, tier_.Object(name(), *index.sidecar));
  Result<std::shared_ptr<const ColdFile>> file =
      tier_.format().Open(std::move(bytes), record_.row_count);
  if (!file.ok()) return file.status();
  file_ = *file;
  return file_;
}

Result<DecodedBlockPtr> ColdRun::ReadGroup(const Index& index, size_t column,
                                           uint32_t group) const {
  const ColdColumn& wanted = index.sidecar->columns[column];
  const auto load = [&]() -> Result<DecodedBlockPtr> {
    LUMA_ASSIGN_OR_RETURN(const auto file, OpenFile(index));
    LUMA_ASSIGN_OR_RETURN(DecodedBlockPtr block, file->ReadGroup(wanted, group));
    const uint32_t rows = std::min(kColdGroupRows, record_.row_count - group * kColdGroupRows);
    if (block->row_count() == rows && block->type() == wanted.physical_type) return block;
    return Status::Corruption("row group of a cold object has other rows: object=", name(),
                              " column=", wanted.name, " group=", group);
  };
  if (tier_.cache() == nullptr) return load();
  return tier_.cache()->Get({.segment = cache_number_, .column = wanted.id, .block = group}, load);
}

Result<ColumnBlock> ColdRun::Read(const ColumnSchema& column, uint32_t block, uint32_t) const {
  ReadCost unused;
  return ReadOnce(column, block, unused);
}

Result<ColumnBlock> ColdRun::ReadOnce(const ColumnSchema& column, uint32_t block,
                                      ReadCost& cost) const {
  const uint32_t rows = BlockRows(block, record_.row_count);
  LUMA_ASSIGN_OR_RETURN(const Index* const index, FindIndex());
  const std::optional<size_t> at = index->sidecar->FindColumn(column.id);
  if (!at) return ConstantBlock(column.physical_type, column.missing_value, rows);
  LUMA_ASSIGN_OR_RETURN(DecodedBlockPtr group, ReadGroup(*index, *at, block / kColdBlocksPerGroup));
  cost.memory_bytes += group->memory_bytes();
  const uint32_t first = (block % kColdBlocksPerGroup) * kBlockRows;
  return ColumnBlockOf(column, std::move(group), first, rows);
}

}  // namespace luma::storage
