// Time as an interface, so that tests move it by hand and a jump of the wall clock is testable.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace luma {

// Milliseconds since 1970-01-01 UTC, as Prometheus counts them.
using UnixMillis = int64_t;

// Threads: every method from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time; may jump either way. For timestamps only.
  virtual UnixMillis NowMillis() const = 0;
  // Never goes back. For timeouts, bans and intervals.
  virtual std::chrono::nanoseconds Monotonic() const = 0;

  static const Clock& System();
};

class ManualClock final : public Clock {
 public:
  explicit ManualClock(UnixMillis now) : now_millis_(now) {}
  UnixMillis NowMillis() const override { return now_millis_.load(); }
  std::chrono::nanoseconds Monotonic() const override {
    return std::chrono::nanoseconds(monotonic_nanos_.load());
  }
  void Advance(std::chrono::milliseconds by) {
    now_millis_ += by.count();
    monotonic_nanos_ += std::chrono::nanoseconds(by).count();
  }
  void JumpWallTimeTo(UnixMillis now) { now_millis_ = now; }

 private:
  std::atomic<UnixMillis> now_millis_;
  std::atomic<int64_t> monotonic_nanos_{0};
};

}  // namespace luma
