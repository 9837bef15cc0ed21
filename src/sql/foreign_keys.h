// FOREIGN KEY constraints, checked when a statement has made its changes.
//
// Both directions are checked against what the own transaction sees. Two transactions that delete a
// key and add a reference to it at the same time may both commit: snapshot isolation does not see
// such a write skew (docs/guides/sql.md).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "sql/duckdb_headers.h"
#include "sql/luma_table_entry.h"
#include "sql/luma_transaction.h"
#include "sql/row_fetch.h"

namespace luma::sql {

// The changes of one statement to one table.
// Threads: any. Errors are thrown: kForeignKeyViolation.
class ForeignKeyChecks {
 public:
  ForeignKeyChecks(duckdb::ClientContext& context, LumaTransaction& transaction,
                   const LumaTableEntry& table);

  // `rows` has the stored columns of rows that were added.
  void NoteInserted(duckdb::DataChunk& rows) LUMA_EXCLUDES(mutex_);
  // Rows that are about to be deleted.
  void NoteDeleted(std::span<const int64_t> row_ids) LUMA_EXCLUDES(mutex_);
  // Once, when every change is made.
  void Verify() LUMA_NO_THREAD_SAFETY_ANALYSIS;

 private:
  // Keys are kept in the order of the unique constraint that is referenced.
  struct Reference {
    const ForeignKeyConstraint* constraint;
    storage::CatalogObjectPtr referencing;
    storage::CatalogObjectPtr referenced;
    size_t unique_index;  // in the referenced table's constraints
    std::vector<ColumnId> referencing_columns;
    std::vector<ColumnId> referenced_columns;
    std::vector<duckdb::idx_t> key_columns;  // stored columns of the table that changes
    std::unique_ptr<duckdb::ColumnDataCollection> keys;
  };

  Reference MakeReference(const ForeignKeyConstraint& constraint,
                          storage::CatalogObjectPtr referencing,
                          storage::CatalogObjectPtr referenced) const;
  void KeepKeys(Reference& reference, bool table_is_referencing);
  void VerifyReferencedExist(const Reference& reference);
  void VerifyNoneReferencing(const Reference& reference);

  duckdb::ClientContext& context_;
  LumaTransaction& transaction_;
  const LumaTableEntry& table_;
  Mutex mutex_;
  std::vector<Reference> outgoing_ LUMA_GUARDED_BY(mutex_);
  std::vector<Reference> incoming_ LUMA_GUARDED_BY(mutex_);
  RowFetcher fetcher_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::sql
