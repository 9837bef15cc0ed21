// The rows a transaction has appended to one table and not committed yet.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "storage/hot/hot_run.h"
#include "storage/key_values.h"
#include "storage/run_version.h"

namespace luma::storage {

// A growing run of its own, so that snapshots of it are as cheap and stable as those of a table.
// Threads: one at a time; versions it returned may be read from any thread.
class LocalRows {
 public:
  explicit LocalRows(MemoryBudget& budget)
      : account_{.budget = &budget, .use = BudgetUse::kTransactions} {}

  // Errors: kOutOfMemory, and nothing is appended.
  Status Append(const TableSchema& schema, std::span<const ColumnSpan> columns);
  // Returns how many were not deleted before. Positions are below row_count().
  uint32_t Delete(std::span<const uint32_t> positions);
  void Clear();
  // Rewrites the rows in the stored columns of `schema`; positions stay. Errors: kOutOfMemory.
  Status ChangeColumns(const TableSchema& schema);
  // Rewrites the rows without deleted ones. Errors: kOutOfMemory.
  Status Compact();

  uint32_t row_count() const { return row_count_; }
  bool has_live_rows() const { return row_count_ > DeletedCount(deletes_); }
  const DeleteBitmapPtr& deletes() const { return deletes_; }
  const HotRunPtr& run() const { return run_; }
  uint64_t string_bytes() const { return string_bytes_; }
  // The rows as a snapshot sees them. There is at least one.
  RunVersionPtr Version() const;

 private:
  Status AppendTo(RunColumnsPtr columns, std::span<const ColumnSpan> rows);

  const MemoryAccount account_;
  HotRunPtr run_;
  uint32_t row_count_ = 0;
  uint64_t string_bytes_ = 0;
  DeleteBitmapPtr deletes_;
};

// The keys of local rows for one unique constraint.
class LocalKeys {
 public:
  LocalKeys(const TableSchema& schema, UniqueConstraint constraint, MemoryBudget& budget);

  const UniqueConstraint& constraint() const { return constraint_; }
  const std::vector<std::optional<uint64_t>>& hashes() const { return hashes_; }

  // Reads the keys of the rows that have been appended since the last call. Errors: kOutOfMemory,
  // and nothing has changed.
  Status CatchUp(const LocalRows& rows);
  // The live row before position `end` with that key.
  std::optional<uint32_t> Find(const LocalRows& rows, uint64_t hash, const KeyBlocks& keys,
                               uint32_t row, uint32_t end) const;

 private:
  const UniqueConstraint constraint_;
  std::vector<ColumnSchema> columns_;            // copies: the schema may be replaced
  std::vector<std::optional<uint64_t>> hashes_;  // by position
  std::unordered_multimap<uint64_t, uint32_t> positions_;
  BudgetLease memory_;
};

// Key blocks of local rows: memory only, so reading them cannot fail.
KeyBlocks ReadLocalKeys(const RunVersion& rows, std::span<const ColumnSchema> columns,
                        uint32_t block);

}  // namespace luma::storage
