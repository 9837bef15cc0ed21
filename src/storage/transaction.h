// A snapshot-isolated transaction over catalog and rows.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/status.h"
#include "storage/catalog.h"
#include "storage/row_buffer.h"
#include "storage/table_snapshot.h"

namespace luma::storage {

// Isolation: snapshot isolation. All reads see the commits published before Begin plus the
// transaction's own changes; of two transactions that delete the same row, replace the same object
// or insert the same key, the first to commit wins and the other gets kConflict (40001) or
// kUniqueViolation (23505). Write skew is possible.
// Threads: one at a time, except that snapshots it returned may be read from any thread, and
// Append may be called from several threads at once (bulk inserts).
// After Commit, CommitAsync or Rollback only destruction is allowed. Destruction rolls back.
class Transaction {
 public:
  virtual ~Transaction() = default;

  virtual CommitNumber snapshot() const = 0;
  virtual bool has_changes() const = 0;
  virtual const CatalogReader& Catalog() const = 0;

  // ---- catalog. `object` without id and modified; returns the new id.
  // Errors: kAlreadyExists.
  virtual Result<ObjectId> CreateObject(CatalogObject object) = 0;
  // Replaces the entry of object.id (rename, alter, comment). A table's rows stay: columns are
  // matched by ColumnId. Errors: kNotFound, kAlreadyExists (new name taken).
  virtual Status AlterObject(CatalogObject object) = 0;
  // Drops exactly this object and, for a table, its rows. Dependents are the caller's business
  // (Catalog().Dependents), so that CASCADE and error texts are decided in one place.
  virtual Status DropObject(ObjectId id) = 0;

  // ---- rows
  // Errors: kNotFound, kNotNullViolation, kUniqueViolation (against visible and own rows, at once),
  // kOutOfMemory (budget). Columns are the stored (not generated) columns in schema order.
  virtual Status Append(ObjectId table, std::span<const ColumnSpan> columns) = 0;
  virtual Status Append(ObjectId table, RowBuffer rows) = 0;
  // Deletes rows this transaction can see; a row named twice counts once. Returns how many.
  // Errors: kConflict when a later commit already deleted one.
  virtual Result<uint64_t> Delete(ObjectId table, std::span<const RowId> rows) = 0;
  // Deletes all rows: cheap. Conflicts with any concurrent change of the table's rows.
  virtual Status Truncate(ObjectId table) = 0;

  // The table now, own changes included. Later changes do not show in an earlier snapshot.
  virtual Result<TableSnapshotPtr> Read(ObjectId table) = 0;
  // Rows visible to this transaction whose key columns of `uniques[constraint]` equal those of
  // input row i; kInvalid when absent. Bounded by the number of keys, not the table.
  virtual Result<std::vector<std::optional<RowId>>> FindKeys(
      ObjectId table, size_t constraint, std::span<const ColumnSpan> key_columns) = 0;

  // ---- sequences: not transactional, as in PostgreSQL; numbers may be skipped after a crash. What
  // a transaction used or set is durable when its Commit returns OK, changes or not.
  virtual Result<int64_t> NextValue(ObjectId sequence) = 0;
  virtual Result<int64_t> CurrentValue(ObjectId sequence) = 0;  // last of this transaction's engine
  virtual Status SetValue(ObjectId sequence, int64_t value, bool is_called) = 0;

  // ---- end. On return of OK the changes are durable (in the configured sync mode) and visible.
  // Errors: kConflict, kUniqueViolation, kDiskFull (nothing happened; may be tried again),
  // kIoError (the log is poisoned: outcome of this commit is unknown until restart).
  virtual Status Commit() = 0;
  // The same without blocking; `done` runs once, on the log thread, and must be short.
  virtual void CommitAsync(std::function<void(Status)> done) = 0;
  virtual void Rollback() = 0;
};

}  // namespace luma::storage
