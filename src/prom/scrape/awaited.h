// A value that another thread gives, for who may have to stop waiting for it.
#pragma once

#include <optional>
#include <stop_token>
#include <utility>

#include "base/mutex.h"

namespace luma::prom {

// Threads: Set from one, Wait from another.
template <typename T>
class Awaited {
 public:
  // Once. Does not block.
  void Set(T value) LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    value_ = std::move(value);
    changed_.NotifyAll();
  }

  // Blocks; nothing when a stop is requested before the value is there.
  std::optional<T> Wait(const std::stop_token& stop) LUMA_EXCLUDES(mutex_) {
    const std::stop_callback wake(stop, [this] {
      MutexLock lock(mutex_);
      changed_.NotifyAll();
    });
    MutexLock lock(mutex_);
    while (!value_ && !stop.stop_requested()) changed_.Wait(mutex_);
    return std::exchange(value_, std::nullopt);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::optional<T> value_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::prom
