// Stops a query that works for too long or needs too much memory, also inside a single node.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "model/metrics_source.h"

namespace luma::promql {

// Threads: one at a time. Lifetime: limits outlive it.
class WorkMeter {
 public:
  explicit WorkMeter(const ReadLimits& limits) : limits_(limits) {}

  // To be told of work, in samples looked at. False when the query must end: then Check says why.
  bool Spend(uint64_t samples) {
    spent_ += samples;
    return (spent_ < next_check_ && status_.ok()) || CheckNow();
  }
  // Books memory that is about to be kept. False when there is none: the query must end, and Check
  // says why. What was booked stays so until the query is over.
  bool Book(uint64_t bytes);
  // Looks at the clock at once. Errors: kTimeout, and what Spend and Book have found.
  Status Check();

 private:
  bool CheckNow();

  const ReadLimits& limits_;
  uint64_t spent_ = 0;
  uint64_t next_check_ = 0;
  Status status_;
};

}  // namespace luma::promql
