// A thread of the engine that works, sleeps, and can be stopped in its sleep.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string_view>
#include <thread>

#include "base/mutex.h"
#include "base/status.h"

namespace luma::storage {

// Threads: Stop and Wake from any thread, the rest is for the body. Lifetime: what the body uses
// must outlive Stop; the owner declares this member last, or stops it first.
class BackgroundThread {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // `name` is for messages; `niceness` as setpriority(2) has it: 10 means about a tenth of a core
  // that others want too.
  explicit BackgroundThread(std::string_view name, int niceness = 0)
      : name_(name), niceness_(niceness) {}
  ~BackgroundThread() { Stop(); }

  // Once. `body` returns soon after a sleep has returned false.
  void Start(std::function<void()> body);
  // Ends sleeps and waits for the body. Idempotent.
  void Stop() LUMA_EXCLUDES(mutex_);
  // Ends the Sleep that is under way, or the next one.
  void Wake() LUMA_EXCLUDES(mutex_);

  // Each returns false when the thread is to end.
  bool Sleep(std::chrono::steady_clock::duration longest) LUMA_EXCLUDES(mutex_);
  // Nothing but Stop ends it early.
  bool SleepUntil(SteadyTime end) LUMA_EXCLUDES(mutex_);

 private:
  void LowerPriority() const;

  const std::string_view name_;
  const int niceness_;
  Mutex mutex_;
  CondVar changed_;
  bool is_stopping_ LUMA_GUARDED_BY(mutex_) = false;
  bool is_woken_ LUMA_GUARDED_BY(mutex_) = false;
  std::once_flag stopped_;
  std::thread thread_;
};

// Bounds the rate at which a background thread writes: it sleeps after each piece of work as long
// as that may take. Threads: the thread's own.
class WritePacer {
 public:
  WritePacer(BackgroundThread& thread, uint64_t bytes_per_second)
      : thread_(thread), bytes_per_second_(bytes_per_second) {}

  // Errors: kCancelled when the thread is to end.
  Status After(uint64_t written_bytes);

 private:
  BackgroundThread& thread_;
  const uint64_t bytes_per_second_;
  BackgroundThread::SteadyTime may_write_at_;
};

}  // namespace luma::storage
