// Columns between the engine's spans and DuckDB's vectors: pointers where the layout allows (every
// type but the nested ones), never a copy of string bytes.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/column.h"
#include "sql/duckdb_headers.h"
#include "storage/table_snapshot.h"

namespace luma::sql {

// Makes `out` the rows [offset, offset + count) of `block`, without copying values: constant blocks
// become constant vectors, dictionary blocks dictionary vectors. `out` shares ownership of the
// block. `offset` is a multiple of 64. Throws when nested values are damaged.
void ReferenceBlock(const storage::ColumnBlock& block, uint32_t offset, uint32_t count,
                    duckdb::Vector& out);

// The columns of a chunk as the engine takes them. Flattens the chunk; valid while both it and this
// object live.
class ChunkSpans {
 public:
  explicit ChunkSpans(duckdb::DataChunk& chunk);
  // The columns named by `indexes`, in that order.
  ChunkSpans(duckdb::DataChunk& chunk, std::span<const duckdb::idx_t> indexes);
  ChunkSpans(const ChunkSpans&) = delete;
  ChunkSpans& operator=(const ChunkSpans&) = delete;

  std::span<const ColumnSpan> spans() const { return spans_; }

 private:
  void AddColumn(duckdb::Vector& vector, duckdb::idx_t count);
  ColumnSpan NestedSpan(duckdb::Vector& vector, duckdb::idx_t count);

  std::vector<ColumnSpan> spans_;
  std::vector<std::unique_ptr<std::byte[]>> values_;
  std::vector<std::unique_ptr<Bytes>> nested_bytes_;
};

}  // namespace luma::sql
