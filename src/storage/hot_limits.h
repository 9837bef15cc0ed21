// Whether rows of a table have been in memory for too long, or take too much of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <utility>

#include "storage/database_state.h"
#include "storage/table_policy.h"

namespace luma::storage {

// What hot_age and hot_bytes of the tables' policies ask for. A run is as old as the first look at
// a state that has it in memory while its table has a limit: rows are never taken for older than
// they are, and for younger by no more than the time between two looks. Rows that were there before
// the option was set, or that a restart has read from the log, age from then on. The bytes are
// those of TableReport::hot_bytes.
// Threads: one at a time.
class HotLimits {
 public:
  explicit HotLimits(const TablePolicy& defaults) : defaults_(defaults) {}

  // A look: whether a table of `state`, a newer state than that of the last look, is over a limit,
  // which it stays until its rows have left memory. `now` is the monotonic clock's. Cost: a test
  // per table, and a step per run of the tables that have both hot rows and a limit.
  bool AreExceeded(const DatabaseState& state, std::chrono::nanoseconds now);

 private:
  using RunKey = std::pair<ObjectId, RunId>;
  using FirstLooks = std::map<RunKey, std::chrono::nanoseconds>;
  struct HotRows {
    uint64_t bytes = 0;
    std::chrono::nanoseconds age{0};  // of the oldest
  };

  HotRows Measure(ObjectId table, const TableVersion& version, const FirstLooks& before,
                  std::chrono::nanoseconds now);

  const TablePolicy defaults_;
  FirstLooks first_looks_;  // at the runs that the last look has found
};

}  // namespace luma::storage
