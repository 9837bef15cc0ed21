// Stops a query that works for too long, also inside a single node.
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
    return spent_ < next_check_ || CheckNow();
  }
  // Looks at the clock at once. Errors: kTimeout, and kCancelled once Spend has found it.
  Status Check();

 private:
  bool CheckNow();

  const ReadLimits& limits_;
  uint64_t spent_ = 0;
  uint64_t next_check_ = 0;
  Status status_;
};

}  // namespace luma::promql
