// LIST, STRUCT, MAP, ARRAY and UNION values as bytes. Format: docs/formats/nested_values.md.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "sql/duckdb_headers.h"

namespace luma::sql {

// Encodes values of one vector. Reads the vector when constructed and keeps pointers into it.
class NestedEncoder {
 public:
  NestedEncoder(duckdb::Vector& vector, duckdb::idx_t count);
  bool IsNull(duckdb::idx_t row) const;
  // Appends the bytes of a row that is not null.
  void Append(duckdb::idx_t row, Bytes& out) const;

 private:
  duckdb::RecursiveUnifiedVectorFormat format_;
};

// Writes the value that `bytes` encode into `row` of `out`, a flat vector of their type. Rows must
// be written in ascending order. Errors: kCorruption.
Status DecodeNested(ByteSpan bytes, duckdb::Vector& out, duckdb::idx_t row);

}  // namespace luma::sql
