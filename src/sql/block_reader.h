// One block of a run, read column by column as DuckDB vectors of up to 2,048 rows.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/schema.h"
#include "sql/duckdb_headers.h"
#include "storage/table_snapshot.h"

namespace luma::sql {

// Thread-compatible. Lifetime: the run (its snapshot) outlives it; vectors it filled do not need
// it. Errors are thrown.
class BlockReader {
 public:
  static constexpr uint32_t kVectorRows = STANDARD_VECTOR_SIZE;

  BlockReader(const storage::RunView& run, uint32_t block);

  uint32_t row_count() const { return row_count_; }
  storage::RowId RowIdAt(uint32_t offset) const;

  // Fills `live` with the positions of rows among [offset, offset + count) that are not deleted;
  // returns how many. When that is all of them, `live` is left alone.
  uint32_t SelectLive(uint32_t offset, uint32_t count, duckdb::SelectionVector& live) const;

  // Makes `out`, of the column's type, the rows [offset, offset + count). Reads the column's block
  // at its first use; `slot` numbers the columns of one reader, densely from 0. Milliseconds that
  // are read as TIMESTAMPTZ become microseconds.
  void ReadColumn(const ColumnSchema& column, size_t slot, uint32_t offset, uint32_t count,
                  duckdb::Vector& out);
  // Row ids of [offset, offset + count), as BIGINT.
  void ReadRowIds(uint32_t offset, uint32_t count, duckdb::Vector& out) const;

 private:
  const storage::RunView& run_;
  const uint32_t block_;
  const uint32_t row_count_;
  std::vector<uint64_t> deleted_;  // empty: none
  std::vector<std::optional<storage::ColumnBlock>> columns_;
};

// True for a column of milliseconds that SQL sees as TIMESTAMPTZ: the times of samples.
bool IsScaledToMicros(const ColumnSchema& column, const duckdb::LogicalType& shown_as);
inline constexpr int64_t kMicrosPerMilli = 1000;

}  // namespace luma::sql
