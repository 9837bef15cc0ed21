// FileMetaData of a Parquet file: to and from bytes, and its columns as SQL sees them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "sql/parquet/duckdb_parquet_headers.h"

namespace luma::sql {

// Errors are thrown.
duckdb_parquet::FileMetaData DecodeFooter(ByteSpan bytes);
Bytes EncodeFooter(const duckdb_parquet::FileMetaData& footer);

// A column of the table; a nested one has several leaves, each with a chunk in every row group.
struct TopColumn {
  std::string name;
  std::optional<int32_t> field_id;
  size_t schema_index = 0;  // of its element in FileMetaData::schema
  size_t first_leaf = 0;
  size_t leaf_count = 0;
};
std::vector<TopColumn> TopColumns(const duckdb_parquet::FileMetaData& footer);

struct ByteRange {
  uint64_t offset = 0;
  uint64_t bytes = 0;
};
// The chunks of `column`, which lie side by side. Throws when they do not.
ByteRange ChunksOf(const duckdb_parquet::RowGroup& group, const TopColumn& column);

}  // namespace luma::sql
