#include "net/worker_pool.h"

#include <utility>

namespace luma::net {

WorkerPool::WorkerPool(int threads, size_t queue_max) : queue_max_(queue_max) {
  for (int i = 0; i < threads; ++i) {
    Sleeper& self = all_sleepers_.emplace_back();
    threads_.emplace_back([this, &self] { Run(self); });
  }
}

WorkerPool::~WorkerPool() { Stop(); }

bool WorkerPool::TrySubmit(std::function<void()> task) {
  Sleeper* woken = nullptr;
  {
    MutexLock lock(mutex_);
    if (stopping_ || queue_.size() >= queue_max_) return false;
    queue_.push_back(std::move(task));
    woken = WakeOne();
  }
  if (woken != nullptr) woken->wake.NotifyOne();
  return true;
}

WorkerPool::Sleeper* WorkerPool::WakeOne() {
  if (sleepers_.empty()) return nullptr;
  Sleeper* const woken = sleepers_.back();
  sleepers_.pop_back();
  woken->is_woken = true;
  return woken;
}

// May end without one: a thread that was busy has taken it.
void WorkerPool::WaitForTask(Sleeper& self) {
  self.is_woken = false;
  sleepers_.push_back(&self);
  while (!self.is_woken) self.wake.Wait(mutex_);
}

void WorkerPool::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    while (Sleeper* const woken = WakeOne()) woken->wake.NotifyOne();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void WorkerPool::Run(Sleeper& self) {
  while (true) {
    std::function<void()> task;
    {
      MutexLock lock(mutex_);
      while (queue_.empty() && !stopping_) WaitForTask(self);
      if (queue_.empty()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task();
  }
}

}  // namespace luma::net
