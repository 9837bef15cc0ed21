// Rows by row id, for UPDATE and RETURNING.
#pragma once

#include <span>
#include <vector>

#include "sql/block_reader.h"
#include "sql/luma_table_entry.h"
#include "storage/table_snapshot.h"

namespace luma::sql {

// Thread-compatible. Fast when row ids come in runs from the same block, as a scan yields them.
class RowFetcher {
 public:
  RowFetcher(storage::TableSnapshotPtr snapshot, const LumaTableEntry& table)
      : snapshot_(std::move(snapshot)), table_(table) {}

  // Fills columns[i] with the stored column columns_wanted[i] of each row, in the order of the ids.
  // Throws when a row is not in the snapshot.
  void Fetch(std::span<const int64_t> row_ids, std::span<const duckdb::idx_t> columns_wanted,
             std::span<duckdb::Vector* const> columns);

 private:
  // Rows of one 2,048-row window of one block.
  struct Window {
    storage::RunId run{};
    uint32_t block = 0;
    uint32_t offset = 0;  // of the window in the block
    bool operator==(const Window&) const = default;
  };
  struct Location {
    Window window;
    uint32_t row = 0;  // in the window
  };

  Location Locate(int64_t row_id) const;
  void CopyWindow(const Window& window, std::span<const uint32_t> rows,
                  std::span<const duckdb::idx_t> columns_wanted,
                  std::span<duckdb::Vector* const> columns, duckdb::idx_t target_offset);

  storage::TableSnapshotPtr snapshot_;
  const LumaTableEntry& table_;
  std::optional<BlockReader> reader_;  // of the block last used
  storage::RunId reader_run_{};
  uint32_t reader_block_ = 0;
};

}  // namespace luma::sql
