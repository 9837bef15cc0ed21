#include "promql/work_meter.h"

#include <chrono>

namespace luma::promql {
namespace {

// About a millisecond of sums.
constexpr uint64_t kSamplesBetweenChecks = 1 << 20;

}  // namespace

bool WorkMeter::Book(uint64_t bytes) {
  if (!status_.ok()) return false;
  if (limits_.memory != nullptr) status_ = limits_.memory->Book(bytes);
  return status_.ok();
}

Status WorkMeter::Check() {
  if (status_.ok() && std::chrono::steady_clock::now() > limits_.deadline) {
    status_ = Status::Timeout("query took too long");
  }
  return status_;
}

// A cancelled query learns of it when it books, if only nothing.
bool WorkMeter::CheckNow() {
  if (!Check().ok() || !Book(0)) return false;
  next_check_ = spent_ + kSamplesBetweenChecks;
  return true;
}

}  // namespace luma::promql
