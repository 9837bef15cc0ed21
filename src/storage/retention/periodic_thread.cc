#include "storage/retention/periodic_thread.h"

#include <utility>

namespace luma::storage {

PeriodicThread::PeriodicThread(std::chrono::milliseconds interval, std::function<void()> work)
    : interval_(interval), work_(std::move(work)), thread_([this] { Run(); }) {}

void PeriodicThread::Stop() {
  std::call_once(stopped_, [this] {
    {
      MutexLock lock(mutex_);
      is_stopping_ = true;
      wake_.NotifyAll();
    }
    thread_.join();
  });
}

void PeriodicThread::Run() {
  while (Sleep()) work_();
}

// False when the thread is to end.
bool PeriodicThread::Sleep() {
  const auto end = std::chrono::steady_clock::now() + interval_;
  MutexLock lock(mutex_);
  while (!is_stopping_) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= left.zero()) break;
    wake_.WaitFor(mutex_, left);
  }
  return !is_stopping_;
}

}  // namespace luma::storage
