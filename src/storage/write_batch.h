// What one transaction wants to change: built by the transaction, carried out by the sequencer.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "storage/budget.h"
#include "storage/catalog_state.h"
#include "storage/commit_record.h"
#include "storage/hot/hot_run.h"
#include "storage/table_version.h"
#include "storage/unique_indexes.h"

namespace luma::storage {

// The keys of a batch's rows for one unique constraint.
struct BatchKeys {
  UniqueConstraint constraint;
  UniqueIndexes::EntryPtr index;                // null: the table is the transaction's own
  std::vector<std::optional<uint64_t>> hashes;  // by row; nothing: a null in the key
};

// As PostgreSQL words it: clients look for this text.
inline Status DuplicateKey(const UniqueConstraint& constraint) {
  return Status::UniqueViolation("duplicate key value violates unique constraint \"",
                                 constraint.name, "\"");
}

// The rows of one table. Applies in the order truncate, deletes, append.
struct TableWrite {
  ObjectId table{};
  bool truncate = false;
  std::vector<std::pair<RunVersionPtr, DeleteBitmapPtr>> deletes;  // run as read; never empty
  HotRunPtr rows;  // the appended rows, none of them deleted; null: none
  uint32_t row_count = 0;
  uint64_t string_bytes = 0;  // of the rows' long strings
  std::vector<BatchKeys> keys;

  // What the transaction saw. It conflicts with any commit that replaced the table's object, and,
  // if it depends on every row of the table (truncate, new constraints), with any that changed
  // rows.
  CatalogObjectPtr object;  // null: created by this transaction
  TableVersionPtr version;  // null: no rows
  bool needs_same_rows = false;
};

struct WriteBatch {
  CatalogStatePtr catalog;  // that the changes are based on
  std::vector<CatalogChange> catalog_changes;
  std::vector<TableWrite> tables;
  CommitRecord record;  // of all of the above, except for what the sequencer fills in
  BudgetLease record_memory;
};

}  // namespace luma::storage
