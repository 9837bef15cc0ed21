// What one transaction did to the rows of one table.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/status.h"
#include "storage/engine_parts.h"
#include "storage/key_lookup.h"
#include "storage/local_rows.h"
#include "storage/write_batch.h"

namespace luma::storage {

// `object` is always the table as the transaction has it now, its own DDL included.
// Threads: one at a time.
class TableChanges {
 public:
  // `base_object` is null for a table that the transaction created.
  TableChanges(const EngineParts& engine, uint64_t state_version, CatalogObjectPtr base_object,
               TableVersionPtr base)
      : engine_(engine),
        state_version_(state_version),
        base_object_(std::move(base_object)),
        base_(std::move(base)),
        rows_(engine.budget) {}

  // See Transaction for these.
  Status Append(const CatalogObject& object, std::span<const ColumnSpan> columns);
  Result<uint64_t> Delete(std::span<const RowId> rows);
  void Truncate();
  TableSnapshotPtr Read(const CatalogObjectPtr& object) const;
  Result<std::vector<std::optional<RowId>>> FindKeys(const CatalogObject& object,
                                                     const UniqueConstraint& constraint,
                                                     std::span<const ColumnSpan> key_columns);

  // The table's object was replaced by `after`: checks added constraints, adapts own rows.
  Status Alter(const CatalogObject& before, const CatalogObjectPtr& after);

  bool has_changes() const {
    return truncated_ || has_new_rules_ || !deletes_.empty() || rows_.row_count() > 0;
  }
  bool has_deletes() const { return truncated_ || !deletes_.empty(); }
  // Moves the changes into a batch. Errors: kOutOfMemory, kIoError, kCorruption.
  Result<TableWrite> Finish(const CatalogObject& object);

 private:
  // The rows for one unique constraint: own ones and, by the index, committed ones.
  struct Keys {
    LocalKeys local;
    UniqueIndexes::EntryPtr index;  // null: the table is the transaction's own
  };

  // One Keys per unique constraint of the schema, in order, caught up with the own rows.
  Status PrepareKeys(const CatalogObject& object);
  Result<UniqueIndexes::EntryPtr> IndexOf(const CatalogObject& object,
                                          const UniqueConstraint& constraint) const;
  // Tests rows [first, row_count) of the own rows.
  Status CheckNewKeys(const CatalogObject& object, Keys& keys, uint32_t first);
  Status CheckColumns(const CatalogObject& object, std::span<const ColumnSpan> columns) const;
  bool sees_committed() const { return base_ != nullptr && !truncated_; }
  Result<uint64_t> DeleteCommitted(RunId run, std::span<const uint32_t> positions);
  Status CheckNotDeletedSince(RunId run, const DeleteBitmap& deletes) const;

  const EngineParts& engine_;
  const uint64_t state_version_;  // of the snapshot
  const CatalogObjectPtr base_object_;
  const TableVersionPtr base_;  // null: no rows
  bool truncated_ = false;
  bool has_new_rules_ = false;  // the schema changed: depends on every row of the table
  RunDeletes deletes_;          // of committed rows; bitmaps are never changed in place
  LocalRows rows_;
  std::shared_ptr<const TableSchema> keys_schema_;  // that keys_ were made for
  std::vector<Keys> keys_;
};

}  // namespace luma::storage
