// Interrupts statements that run past their deadline, with one thread for all connections.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <thread>

#include "base/mutex.h"

namespace luma::sql {

// Threads: any. The thread starts with the first timer.
class StatementTimer {
 public:
  using Clock = std::chrono::steady_clock;
  using Id = std::pair<Clock::time_point, uint64_t>;

  ~StatementTimer();

  // Calls `interrupt` on the timer's thread once the deadline has passed; it must be short.
  Id Start(Clock::time_point deadline, std::function<void()> interrupt) LUMA_EXCLUDES(mutex_);
  // On return `interrupt` is not running and will not run. True when it has run.
  bool Stop(const Id& id) LUMA_EXCLUDES(mutex_);

 private:
  void Run() LUMA_EXCLUDES(mutex_);

  Mutex mutex_;
  CondVar changed_;
  std::map<Id, std::function<void()>> timers_ LUMA_GUARDED_BY(mutex_);
  uint64_t next_id_ LUMA_GUARDED_BY(mutex_) = 0;
  bool stopping_ LUMA_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // started under mutex_, joined by the destructor
};

}  // namespace luma::sql
