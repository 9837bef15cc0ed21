#include "sql/block_reader.h"

#include "sql/column_vectors.h"
#include "sql/duckdb_boundary.h"

namespace luma::sql {

BlockReader::BlockReader(const storage::RunView& run, uint32_t block)
    : run_(run), block_(block), row_count_(run.BlockRows(block)) {
  if (run_.deleted_count() == 0) return;
  deleted_.resize(ValidityWords(row_count_));
  if (run_.DeletedRows(block_, deleted_) == 0) deleted_.clear();
}

storage::RowId BlockReader::RowIdAt(uint32_t offset) const {
  return storage::MakeRowId(run_.id(), run_.BlockStart(block_) + offset);
}

uint32_t BlockReader::SelectLive(uint32_t offset, uint32_t count,
                                 duckdb::SelectionVector& live) const {
  if (deleted_.empty()) return count;
  live.Initialize(kVectorRows);
  uint32_t live_count = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t row = offset + i;
    const bool deleted = ((deleted_[row / 64] >> (row % 64)) & 1) != 0;
    live.set_index(live_count, i);
    live_count += deleted ? 0 : 1;
  }
  return live_count;
}

void BlockReader::ReadColumn(const ColumnSchema& column, size_t slot, uint32_t offset,
                             uint32_t count, duckdb::Vector& out) {
  if (slot >= columns_.size()) columns_.resize(slot + 1);
  auto& block = columns_[slot];
  if (!block) block = ValueOrThrow(run_.Read(column, block_));
  ReferenceBlock(*block, offset, count, out);
}

void BlockReader::ReadRowIds(uint32_t offset, uint32_t count, duckdb::Vector& out) const {
  out.Sequence(static_cast<int64_t>(RowIdAt(offset)), 1, count);
}

}  // namespace luma::sql
