#include "net/worker_pool.h"

#include <utility>

namespace luma::net {

WorkerPool::WorkerPool(int threads, size_t queue_max)
    : places_(static_cast<size_t>(threads)), queue_max_(queue_max) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

WorkerPool::~WorkerPool() { Stop(); }

bool WorkerPool::TrySubmit(std::function<void()> task) {
  {
    MutexLock lock(mutex_);
    if (stopping_ || queue_.size() >= queue_max_) return false;
    queue_.push_back(std::move(task));
  }
  wake_.NotifyOne();
  return true;
}

bool WorkerPool::TryRunHere(const std::function<void()>& task) {
  if (!TakePlace()) return false;
  task();
  LeavePlace();
  return true;
}

void WorkerPool::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.NotifyAll();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

bool WorkerPool::TakePlace() {
  MutexLock lock(mutex_);
  if (stopping_ || !queue_.empty() || running_ == places_) return false;
  ++running_;
  return true;
}

void WorkerPool::LeavePlace() {
  {
    MutexLock lock(mutex_);
    --running_;
    if (queue_.empty() && !stopping_) return;
  }
  wake_.NotifyOne();
}

void WorkerPool::Run() {
  while (true) {
    std::function<void()> task;
    {
      MutexLock lock(mutex_);
      while (running_ == places_ || (queue_.empty() && !stopping_)) wake_.Wait(mutex_);
      if (queue_.empty()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
      ++running_;
    }
    task();
    task = nullptr;  // before others take the place
    MutexLock lock(mutex_);
    --running_;
  }
}

}  // namespace luma::net
