// Keeps callers from waiting, one after the other, for an object store that is away.
#pragma once

#include <chrono>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"

namespace luma::storage {

//   closed ---- a call was in vain and took kSlow ----> open
//   open ------ kPause has passed: one caller tries --> half open, all others are still refused
//   half open - the try was answered ---> closed
//             - it was in vain ----------> open
//
// A store that fails at once costs nobody time, so that opens nothing. Threads: every method from
// any thread. Lifetime: `clock` outlives it.
class StoreBreaker {
 public:
  static constexpr std::chrono::seconds kSlow{1};
  static constexpr std::chrono::seconds kPause{5};

  explicit StoreBreaker(const Clock& clock) : clock_(clock) {}

  // When it returns OK the store may be called, and End must be. Else kUnavailable.
  struct Call {
    std::chrono::nanoseconds begun{0};  // on the monotonic clock
  };
  Result<Call> Begin() LUMA_EXCLUDES(mutex_);
  // kUnavailable: in vain; kCancelled says nothing; any other answer is one.
  void End(const Call& call, StatusCode answer) LUMA_EXCLUDES(mutex_);

 private:
  const Clock& clock_;
  Mutex mutex_;
  bool is_open_ LUMA_GUARDED_BY(mutex_) = false;
  bool is_trying_ LUMA_GUARDED_BY(mutex_) = false;
  std::chrono::nanoseconds next_try_ LUMA_GUARDED_BY(mutex_){0};
};

}  // namespace luma::storage
