// Which rows a statement has changed already: a join may name one twice, and only the first counts.
#pragma once

#include <unordered_map>
#include <vector>

#include "sql/duckdb_headers.h"
#include "storage/delete_bitmap.h"
#include "storage/table_snapshot.h"

namespace luma::sql {

// Thread-compatible. Memory: a compressed bit per row, as statements may change very many.
class ChangedRows {
 public:
  // Row ids of `vector` not seen before, and their positions in it.
  struct New {
    std::vector<int64_t> row_ids;
    duckdb::SelectionVector positions;
  };
  New Add(duckdb::Vector& vector, duckdb::idx_t count) {
    vector.Flatten(count);
    const auto* ids = duckdb::FlatVector::GetData<int64_t>(vector);
    New result;
    result.positions.Initialize(count);
    for (duckdb::idx_t i = 0; i < count; ++i) {
      const auto id = static_cast<storage::RowId>(ids[i]);
      if (!seen_[RunOf(id)].Add(PositionOf(id))) continue;
      result.positions.set_index(result.row_ids.size(), i);
      result.row_ids.push_back(ids[i]);
    }
    return result;
  }

 private:
  std::unordered_map<storage::RunId, storage::DeleteBitmap> seen_;
};

inline std::span<const storage::RowId> AsRowIds(const std::vector<int64_t>& ids) {
  static_assert(sizeof(storage::RowId) == sizeof(int64_t));
  return {reinterpret_cast<const storage::RowId*>(ids.data()), ids.size()};
}

}  // namespace luma::sql
