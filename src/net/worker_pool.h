// Threads for work that may block: handlers that read disks or run queries.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace luma::net {

// Threads: TrySubmit from any thread.
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
  void Run() LUMA_EXCLUDES(mutex_);

  const size_t queue_max_;
  Mutex mutex_;
  CondVar wake_;
  std::deque<std::function<void()>> queue_ LUMA_GUARDED_BY(mutex_);
  bool stopping_ LUMA_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace luma::net
