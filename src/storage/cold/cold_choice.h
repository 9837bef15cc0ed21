// Which run goes to the cold tier next.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "storage/compaction/compaction_policy.h"
#include "storage/database_state.h"
#include "storage/table_policy.h"

namespace luma::storage {

// A run that could move.
struct ColdCandidate {
  CatalogObjectPtr table;
  RunVersionPtr run;
  UnixMillis newest = 0;  // time of its youngest row
  bool is_old = false;    // all its rows are older than the table's warm_age
};

// The runs of one table that are in segment files, have an id below `before`, live rows, and a
// time, and that no merge is about to take. Empty for tables without a time column.
std::vector<ColdCandidate> ColdCandidates(const CatalogObjectPtr& table,
                                          const TableVersion& version, RunId before,
                                          const TablePolicy& policy, const MergePolicy& merges,
                                          UnixMillis now);

}  // namespace luma::storage
