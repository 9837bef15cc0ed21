#include "promql/work_meter.h"

#include <chrono>

namespace luma::promql {
namespace {

// About a millisecond of sums.
constexpr uint64_t kSamplesBetweenChecks = 1 << 20;

}  // namespace

Status WorkMeter::Check() {
  if (status_.ok() && std::chrono::steady_clock::now() > limits_.deadline) {
    status_ = Status::Timeout("query took too long");
  }
  return status_;
}

// A cancelled query learns of it when it books, if only nothing.
bool WorkMeter::CheckNow() {
  next_check_ = spent_ + kSamplesBetweenChecks;
  if (Check().ok() && limits_.memory != nullptr) status_ = limits_.memory->Book(0);
  return status_.ok();
}

}  // namespace luma::promql
