// Deletes of a log that is replayed over a backup in which the rows lie elsewhere: they are found
// by what they hold, once everything else has been replayed.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "storage/budget.h"
#include "storage/commit_record.h"
#include "storage/database_state.h"
#include "storage/wal/lsn.h"

namespace luma::storage {

// Which row a delete of run R means: the newest one with these contents in a run up to R that is
// still there. Why that is right (docs/adr/0012-deletes-name-moved-rows.md):
//  (1) R had been flushed, so all rows of runs up to R were older than the delete, and whatever was
//      inserted later lies in a later run. Merges take rows to later runs only.
//  (2) With a key, all older rows of that key had been deleted before. Deletes by position are
//      applied first, and those by contents find their own rows by this rule.
//  (3) Without one, rows of equal contents are as good as each other.
//
// Threads: one.
class MovedDeletes {
 public:
  // One scan looks for what takes a quarter of the free memory, but for 32 MiB at least, some
  // 200,000 rows of a short key, and for `batch_bytes_max` at most.
  explicit MovedDeletes(MemoryBudget& budget, uint64_t batch_bytes_max = 1 << 30)
      : budget_(&budget), batch_bytes_max_(batch_bytes_max) {}

  // Copies the delete, which has contents. `table` is what it was before the commit. Memory: that
  // of the contents, as they are encoded, until the log ends: no more than what all deletes of the
  // replayed log take there. Booked even beyond the limit. Errors: kCorruption.
  Status Add(Lsn lsn, const LoggedDelete& one, CatalogObjectPtr table);
  // The table was truncated or dropped.
  void Forget(ObjectId table) { tables_.erase(table); }
  bool empty() const { return tables_.empty(); }

  // Deletes the rows in `state`, which has everything else of the log. Reads their columns of each
  // table once, block by block, without those that zone maps exclude; again for each batch, and
  // after a change of the columns. Errors: kCorruption naming table and commit when a row is not
  // there; those of RunView::Read. The state is then of no use.
  Status Resolve(DatabaseState& state) const;

 private:
  struct Pending {
    Lsn lsn{};
    RunId run{};
    CatalogObjectPtr table;
    Bytes contents;
    BudgetLease memory;
  };
  class WantedRows;
  struct WantedPiece;

  Status ResolveTable(ObjectId id, const std::vector<Pending>& deletes, DatabaseState& state) const;
  uint64_t BatchBytes() const;
  static Status DeleteWanted(ObjectId id, WantedRows& wanted, DatabaseState& state);

  MemoryBudget* budget_;
  uint64_t batch_bytes_max_;
  std::map<ObjectId, std::vector<Pending>> tables_;  // in the order of the log
};

}  // namespace luma::storage
