#include "storage/table_snapshot.h"

#include <algorithm>

namespace luma::storage {

uint64_t TableSnapshot::VisibleRowCount() const {
  uint64_t rows = 0;
  for (const auto& run : runs_) rows += run->row_count() - run->deleted_count();
  return rows;
}

const RunView* TableSnapshot::FindRun(RunId id) const {
  // Runs are in order of id, kTransactionRunId being the largest.
  const auto at =
      std::lower_bound(runs_.begin(), runs_.end(), id,
                       [](const auto& run, RunId wanted) { return run->id() < wanted; });
  return at != runs_.end() && (*at)->id() == id ? at->get() : nullptr;
}

}  // namespace luma::storage
