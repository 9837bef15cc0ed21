#include "storage/background_thread.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace luma::storage {
void BackgroundThread::Start(std::function<void()> body) {
  thread_ = std::thread([this, body = std::move(body)] {
    if (niceness_ != 0) LowerPriority();
    body();
  });
}

// Linux gives threads priorities of their own. Where that fails the thread runs as the others do.
void BackgroundThread::LowerPriority() const {
  const auto thread = static_cast<id_t>(::gettid());
  if (::setpriority(PRIO_PROCESS, thread, niceness_) == 0) return;
  LUMA_LOG(kInfo, "storage", "{} runs with normal priority", name_);
}

void BackgroundThread::Stop() {
  std::call_once(stopped_, [this] {
    {
      MutexLock lock(mutex_);
      is_stopping_ = true;
      changed_.NotifyAll();
    }
    if (thread_.joinable()) thread_.join();
  });
}

void BackgroundThread::Wake() {
  MutexLock lock(mutex_);
  is_woken_ = true;
  changed_.NotifyAll();
}

bool BackgroundThread::Sleep(std::chrono::steady_clock::duration longest) {
  MutexLock lock(mutex_);
  if (!is_stopping_ && !is_woken_) changed_.WaitFor(mutex_, longest);
  is_woken_ = false;
  return !is_stopping_;
}

bool BackgroundThread::SleepUntil(SteadyTime end) {
  MutexLock lock(mutex_);
  while (!is_stopping_) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= left.zero()) break;
    changed_.WaitFor(mutex_, left);
  }
  return !is_stopping_;
}

Status WritePacer::After(uint64_t written_bytes) {
  const std::chrono::duration<double> costs(static_cast<double>(written_bytes) /
                                            static_cast<double>(bytes_per_second_));
  may_write_at_ = std::max(may_write_at_, std::chrono::steady_clock::now()) +
                  std::chrono::duration_cast<BackgroundThread::SteadyTime::duration>(costs);
  if (thread_.SleepUntil(may_write_at_)) return Status::Ok();
  return Status::Cancelled("engine is closing");
}

}  // namespace luma::storage
