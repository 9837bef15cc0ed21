// Makes one decoded block of DuckDB's vectors.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "encoding/aligned_buffer.h"
#include "sql/duckdb_headers.h"
#include "storage/block_cache.h"

namespace luma::sql {

// Thread-compatible. Errors are thrown.
class BlockBuilder {
 public:
  // `row_count` rows in all.
  BlockBuilder(const duckdb::LogicalType& type, uint32_t row_count);

  // Copies `count` rows; `values` is flat and of the block's type.
  void Append(duckdb::Vector& values, duckdb::idx_t count);
  uint32_t appended() const { return appended_; }
  // Once, after all rows.
  storage::DecodedBlockPtr Finish();
  // Instead: the rows are a dictionary, and `codes` name one for each of `row_count` rows.
  storage::DecodedBlockPtr FinishAsDictionary(encoding::AlignedBuffer codes, uint32_t row_count);

 private:
  void AppendFixed(duckdb::Vector& values, duckdb::idx_t count);
  void AppendStrings(duckdb::Vector& values, duckdb::idx_t count);
  void AppendNested(duckdb::Vector& values, duckdb::idx_t count);
  void AppendBytes(uint32_t row, ByteSpan bytes);
  void AppendValidity(const duckdb::ValidityMask& validity, duckdb::idx_t count);
  encoding::AlignedBuffer PlaceHeap();

  const PhysicalType type_;
  const bool is_nested_;
  const uint32_t row_count_;
  uint32_t appended_ = 0;
  bool has_nulls_ = false;
  encoding::AlignedBuffer values_;
  encoding::AlignedBuffer validity_;
  Bytes heap_;                       // strings that do not fit in their reference, end to end
  std::vector<uint32_t> long_rows_;  // those that have one, in the order of the heap
};

}  // namespace luma::sql
