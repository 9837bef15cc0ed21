// Does something again and again in the background.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <thread>

#include "base/mutex.h"

namespace luma::storage {

// Calls `work` every `interval`, first after one. Threads: Stop from any thread. Lifetime: what
// `work` uses must outlive it, so declare it last.
class PeriodicThread {
 public:
  PeriodicThread(std::chrono::milliseconds interval, std::function<void()> work);
  ~PeriodicThread() { Stop(); }

  // Waits for the call that is under way. Idempotent.
  void Stop() LUMA_EXCLUDES(mutex_);

 private:
  void Run() LUMA_EXCLUDES(mutex_);
  bool Sleep() LUMA_EXCLUDES(mutex_);

  const std::chrono::milliseconds interval_;
  const std::function<void()> work_;
  Mutex mutex_;
  CondVar wake_;
  bool is_stopping_ LUMA_GUARDED_BY(mutex_) = false;
  std::once_flag stopped_;
  std::thread thread_;
};

}  // namespace luma::storage
