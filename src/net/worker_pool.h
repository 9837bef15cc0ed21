// Threads for work that may block: handlers that read disks or run queries.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace luma::net {

// Runs as many tasks at once as it has threads, counting those that callers run themselves.
// Threads: TrySubmit and TryRunHere from any thread.
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
  // Runs `task` on the calling thread, in the place of one of the pool's, and so without the time
  // it takes to wake that. False, and nothing was run, when there is no place or others wait for
  // one.
  bool TryRunHere(const std::function<void()>& task) LUMA_EXCLUDES(mutex_);
  // Runs what is queued, then joins the threads. Does not wait for tasks that callers run.
  void Stop() LUMA_EXCLUDES(mutex_);

 private:
  void Run() LUMA_EXCLUDES(mutex_);
  bool TakePlace() LUMA_EXCLUDES(mutex_);
  void LeavePlace() LUMA_EXCLUDES(mutex_);

  const size_t places_;
  const size_t queue_max_;
  Mutex mutex_;
  CondVar wake_;
  std::deque<std::function<void()>> queue_ LUMA_GUARDED_BY(mutex_);
  size_t running_ LUMA_GUARDED_BY(mutex_) = 0;
  bool stopping_ LUMA_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace luma::net
