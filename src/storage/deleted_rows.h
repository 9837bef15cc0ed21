// What deleted rows held, for a log that is replayed where their positions mean nothing: over a
// backup from before a flush or a merge has moved them (docs/adr/0012-deletes-name-moved-rows.md).
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "storage/budget.h"
#include "storage/catalog.h"
#include "storage/delete_bitmap.h"
#include "storage/run_version.h"

namespace luma::storage {

// By which rows of the table are told apart: the columns of a key that no two visible rows share
// and that has no nulls, or else all that are stored. They live as long as `table`.
std::vector<const ColumnSchema*> IdentityColumns(const CatalogObject& table);

// The contents of commit_record.md: the identity of the rows at `positions`, in their order.
// `table` is the one that `run` was read with. Empty when they would exceed 64 MiB, with a warning
// in the log: a restore to a point in time stops there. Blocks for reads. Memory: one block of rows
// at a time, and the contents thrice, for who encodes and logs them; both are booked in `memory`.
// Errors: kOutOfMemory; those of RunView::Read.
Result<Bytes> EncodeDeletedRows(const CatalogObject& table, const RunVersion& run,
                                const DeleteBitmap& positions, BudgetLease& memory);

}  // namespace luma::storage
