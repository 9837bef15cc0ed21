// Threads for work that may block: handlers that read disks or run queries.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace luma::net {

// The thread that went idle last gets the next task: its stack, its memory and its caches are warm,
// so that a pool much larger than its load costs little. Threads: TrySubmit from any thread.
class WorkerPool {
 public:
  // At most `queue_max` tasks wait; more are refused, which bounds memory under load.
  WorkerPool(int threads, size_t queue_max);
  ~WorkerPool();  // Stop()
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False when the queue is full or the pool is stopping; then `task` was not run and never will
  // be.
  bool TrySubmit(std::function<void()> task) LUMA_EXCLUDES(mutex_);
  // Runs what is queued, then joins the threads.
  void Stop() LUMA_EXCLUDES(mutex_);

 private:
  // One per thread. Outlives it, so that it can be notified without the lock.
  struct Sleeper {
    CondVar wake;
    bool is_woken = false;  // guarded by mutex_
  };

  void Run(Sleeper& self) LUMA_EXCLUDES(mutex_);
  void WaitForTask(Sleeper& self) LUMA_REQUIRES(mutex_);
  // The one to be notified, null if all are busy.
  Sleeper* WakeOne() LUMA_REQUIRES(mutex_);

  const size_t queue_max_;
  Mutex mutex_;
  std::vector<Sleeper*> sleepers_ LUMA_GUARDED_BY(mutex_);  // the last one has waited least
  std::deque<std::function<void()>> queue_ LUMA_GUARDED_BY(mutex_);
  bool stopping_ LUMA_GUARDED_BY(mutex_) = false;
  std::deque<Sleeper> all_sleepers_;  // does not move them
  std::vector<std::thread> threads_;
};

}  // namespace luma::net
