#include "storage/hot/hot_run.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace luma::storage {

HotRunPtr HotRun::Empty(RunId id, RunColumnsPtr columns) {
  return HotRunPtr(new HotRun(id, std::move(columns), std::make_shared<RunStringArena>()));
}

std::shared_ptr<HotRun> HotRun::Copy(RunId id) const {
  std::shared_ptr<HotRun> copy(new HotRun(id, columns_, arena_));
  copy->chunks_ = chunks_;
  copy->starts_ = starts_;
  return copy;
}

HotRunPtr HotRun::WithId(RunId id) const { return Copy(id); }

Result<HotRunPtr> HotRun::WithRoom(const HotRunPtr& run, uint32_t used, uint32_t rows,
                                   uint64_t string_bytes, const MemoryAccount& account) {
  LUMA_RETURN_IF_ERROR(run->arena_->Reserve(string_bytes, account));
  const uint64_t needed = uint64_t{used} + rows;
  if (needed <= run->capacity()) return run;
  LUMA_CHECK(needed < UINT32_MAX - kChunkRowsMax);
  const std::shared_ptr<HotRun> longer = run->Copy(run->id());
  while (longer->capacity() < needed) {
    LUMA_RETURN_IF_ERROR(
        longer->AddChunk(static_cast<uint32_t>(needed) - longer->capacity(), account));
  }
  return HotRunPtr(longer);
}

Status HotRun::AddChunk(uint32_t rows_wanted, const MemoryAccount& account) {
  // As large as everything before it, so that a small table stays small.
  const uint32_t rows = std::clamp(std::max(rows_wanted, capacity()), kChunkRowsMin, kChunkRowsMax);
  const uint32_t rounded = (rows + 63) / 64 * 64;
  LUMA_ASSIGN_OR_RETURN(BudgetLease lease, account.Book(HotChunk::BytesFor(*columns_, rounded)));
  starts_.push_back(capacity());
  chunks_.push_back(std::make_shared<HotChunk>(columns_, rounded, std::move(lease)));
  return Status::Ok();
}

void HotRun::Append(uint32_t used, std::span<const ColumnSpan> source) const {
  uint32_t left = source.empty() ? 0 : source[0].count;
  uint32_t from = 0;
  for (uint32_t block = BlockCount(used + 1) - 1; left > 0; ++block) {
    const uint32_t at = used + from - starts_[block];
    const uint32_t count = std::min(left, chunks_[block]->capacity() - at);
    chunks_[block]->Append(at, source, from, count, *arena_);
    from += count;
    left -= count;
  }
}

void HotRun::MoveTo(BudgetUse use) const {
  arena_->MoveTo(use);
  for (const auto& chunk : chunks_) chunk->MoveTo(use);
}

uint64_t HotRun::memory_bytes() const {
  uint64_t bytes = arena_->memory_bytes();
  for (const auto& chunk : chunks_) bytes += chunk->memory_bytes();
  return bytes;
}

std::vector<ColumnSpan> HotRun::BlockColumns(
    uint32_t block, uint32_t rows, std::vector<std::shared_ptr<const void>>& owners) const {
  std::vector<ColumnSpan> columns;
  for (size_t i = 0; i < columns_->size(); ++i) {
    ColumnBlock read = chunks_[block]->Read(i, BlockRows(block, rows));
    columns.push_back(read.flat);
    owners.push_back(std::move(read.owner));
  }
  return columns;
}

uint32_t HotRun::BlockCount(uint32_t rows) const {
  const auto end = std::lower_bound(starts_.begin(), starts_.end(), rows);
  return static_cast<uint32_t>(end - starts_.begin());
}

uint32_t HotRun::BlockRows(uint32_t block, uint32_t rows) const {
  return std::min(rows - starts_[block], chunks_[block]->capacity());
}

const ZoneMap* HotRun::Zone(ColumnId column, uint32_t block, uint32_t rows) const {
  const std::optional<size_t> index = columns_->Find(column);
  const bool is_full = BlockRows(block, rows) == chunks_[block]->capacity();
  return index && is_full ? chunks_[block]->Zone(*index) : nullptr;
}

Result<ColumnBlock> HotRun::Read(const ColumnSchema& column, uint32_t block, uint32_t rows) const {
  const uint32_t block_rows = BlockRows(block, rows);
  const std::optional<size_t> index = columns_->Find(column.id);
  if (!index) return ConstantBlock(column.physical_type, column.missing_value, block_rows);
  if ((*columns_)[*index].type != column.physical_type) {
    return Status::Internal("column changed its type under its id: column=", column.name);
  }
  return chunks_[block]->Read(*index, block_rows);
}

}  // namespace luma::storage
