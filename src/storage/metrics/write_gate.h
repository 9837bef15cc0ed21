// Lets many writes be on their way at once, or one alone. Unlike a shared mutex it may be left by
// another thread than entered it: writes enter where they are called and leave on the log thread.
#pragma once

#include <cstdint>

#include "base/mutex.h"

namespace luma::storage {

// Threads: any. An exclusive entry that waits keeps new shared ones out, so it cannot starve.
class WriteGate {
 public:
  // False while somebody is alone inside or waits for that; never blocks for it.
  bool TryEnterShared() LUMA_EXCLUDES(mutex_);
  void LeaveShared() LUMA_EXCLUDES(mutex_);
  // Returns once nobody else is inside.
  void EnterExclusive() LUMA_EXCLUDES(mutex_);
  void LeaveExclusive() LUMA_EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  CondVar changed_;
  uint64_t shared_ LUMA_GUARDED_BY(mutex_) = 0;
  bool exclusive_ LUMA_GUARDED_BY(mutex_) = false;  // inside or waiting for the shared to leave
};

}  // namespace luma::storage
