// What deleted rows held, for a log that is replayed where their positions mean nothing: over a
// backup from before a flush or a merge has moved them (docs/adr/0012-deletes-name-moved-rows.md).
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/metrics.h"
#include "base/status.h"
#include "storage/budget.h"
#include "storage/catalog.h"
#include "storage/delete_bitmap.h"
#include "storage/run_version.h"

namespace luma::storage {

// By which rows of the table are told apart: the columns of a key that no two visible rows share
// and that has no nulls, or else all that are stored. They live as long as `table`.
std::vector<const ColumnSchema*> IdentityColumns(const CatalogObject& table);

// Of one commit, far below what its record may have (kWalPayloadBytesMax): some ten million keys.
inline constexpr uint64_t kDeletedContentsBytesMax = 64ull << 20;

// What one commit says of the rows it deletes. It never fails for want of room: once that is spent,
// or memory is short, it goes without, and a restore to a point in time stops before the commit.
// Threads: one.
class DeletedContents {
 public:
  // Books in `memory`, which outlives it: the contents thrice, for who encodes and logs them, and a
  // block of rows for each delete.
  DeletedContents(MemoryBudget& budget, BudgetLease& memory,
                  uint64_t bytes_max = kDeletedContentsBytesMax)
      : budget_(budget), memory_(memory), bytes_left_(bytes_max) {}

  // The contents of commit_record.md: the identity of the rows at `positions`, in their order.
  // `table` is the one that `run` was read with. Empty when they do not fit, and ever after, with
  // one warning in the log; nothing is booked for them then. Blocks for reads. Errors: those of
  // RunView::Read but kOutOfMemory.
  Result<Bytes> Encode(const CatalogObject& table, const RunVersion& run,
                       const DeleteBitmap& positions);

 private:
  Result<Bytes> EncodeRows(const CatalogObject& table, const RunVersion& run,
                           const DeleteBitmap& positions);
  void GoWithout(const CatalogObject& table, const Status& why);

  MemoryBudget& budget_;
  BudgetLease& memory_;
  uint64_t bytes_left_;
  bool goes_without_ = false;
};

// How many commits went without.
Counter& CommitsWithoutContents();

}  // namespace luma::storage
