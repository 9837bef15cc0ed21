#include "sql/block_reader.h"

#include "sql/column_vectors.h"
#include "sql/duckdb_boundary.h"

namespace luma::sql {

namespace {

void ScaleToMicros(duckdb::Vector& millis, uint32_t count, duckdb::Vector& out) {
  duckdb::UnifiedVectorFormat format;
  millis.ToUnifiedFormat(count, format);
  const auto* from = duckdb::UnifiedVectorFormat::GetData<int64_t>(format);
  out.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  auto* to = duckdb::FlatVector::GetData<int64_t>(out);
  for (uint32_t i = 0; i < count; ++i) to[i] = from[format.sel->get_index(i)] * kMicrosPerMilli;
}

}  // namespace

bool IsScaledToMicros(const ColumnSchema& column, const duckdb::LogicalType& shown_as) {
  return shown_as.id() == duckdb::LogicalTypeId::TIMESTAMP_TZ &&
         column.logical_type == "TIMESTAMP_MS";
}

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
  if (!IsScaledToMicros(column, out.GetType())) return ReferenceBlock(*block, offset, count, out);
  duckdb::Vector millis(duckdb::LogicalType::TIMESTAMP_MS);
  ReferenceBlock(*block, offset, count, millis);
  ScaleToMicros(millis, count, out);
}

void BlockReader::ReadRowIds(uint32_t offset, uint32_t count, duckdb::Vector& out) const {
  out.Sequence(static_cast<int64_t>(RowIdAt(offset)), 1, count);
}

}  // namespace luma::sql
