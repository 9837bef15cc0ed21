// Makes one decoded block of DuckDB's dictionary vectors, without copying a string per row.
#pragma once

#include <cstdint>
#include <memory>

#include "encoding/aligned_buffer.h"
#include "sql/duckdb_headers.h"
#include "storage/block_cache.h"

namespace luma::sql {

// For strings that are stored as they are read. Thread-compatible. Errors are thrown.
class DictionaryBuilder {
 public:
  // `row_count` rows in all.
  DictionaryBuilder(const duckdb::LogicalType& type, uint32_t row_count)
      : type_(type), row_count_(row_count), codes_(row_count * sizeof(uint32_t)) {}

  static bool CanTake(const duckdb::Vector& values) {
    return values.GetVectorType() == duckdb::VectorType::DICTIONARY_VECTOR;
  }
  // Every call with the same dictionary.
  void Append(duckdb::Vector& values, duckdb::idx_t count);
  // Once, after all rows.
  storage::DecodedBlockPtr Finish();

 private:
  void KeepDictionary(duckdb::Vector& values);

  const duckdb::LogicalType type_;
  const uint32_t row_count_;
  uint32_t appended_ = 0;
  encoding::AlignedBuffer codes_;
  std::unique_ptr<duckdb::Vector> dictionary_;  // shares the memory of the reader's
  duckdb::idx_t dictionary_size_ = 0;
};

}  // namespace luma::sql
