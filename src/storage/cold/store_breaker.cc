#include "storage/cold/store_breaker.h"

#include "base/log.h"

namespace luma::storage {

Result<StoreBreaker::Call> StoreBreaker::Begin() {
  const std::chrono::nanoseconds now = clock_.Monotonic();
  MutexLock lock(mutex_);
  if (is_open_) {
    if (is_trying_ || now < next_try_) {
      return Status::Unavailable("object store did not answer a moment ago");
    }
    is_trying_ = true;
  }
  return Call{.begun = now};
}

void StoreBreaker::End(const Call& call, StatusCode answer) {
  const std::chrono::nanoseconds now = clock_.Monotonic();
  MutexLock lock(mutex_);
  is_trying_ = false;
  if (answer == StatusCode::kCancelled) return;
  const bool was_open = is_open_;
  if (answer != StatusCode::kUnavailable) {
    is_open_ = false;
  } else if (is_open_ || now - call.begun >= kSlow) {
    is_open_ = true;
    next_try_ = now + kPause;
  }
  if (was_open == is_open_) return;
  if (is_open_) {
    LUMA_LOG(kWarn, "storage", "object store does not answer: reads of cold rows fail at once");
  } else {
    LUMA_LOG(kInfo, "storage", "object store answers again");
  }
}

}  // namespace luma::storage
