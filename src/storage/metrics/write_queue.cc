#include "storage/metrics/write_queue.h"

#include <utility>

namespace luma::storage {

WriteQueue::WriteQueue(std::function<void(WriteGroup)> store)
    : store_(std::move(store)), thread_([this] { Run(); }) {}

void WriteQueue::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
}

void WriteQueue::Push(QueuedWrite write) {
  MutexLock lock(mutex_);
  waiting_.push_back(std::move(write));
  changed_.NotifyOne();
}

void WriteQueue::Run() {
  for (WriteGroup group = TakeGroup(); !group.empty(); group = TakeGroup()) {
    store_(std::move(group));
  }
}

WriteGroup WriteQueue::TakeGroup() {
  MutexLock lock(mutex_);
  while (waiting_.empty() && !stopping_) changed_.Wait(mutex_);
  WriteGroup group;
  size_t samples = 0;
  size_t bytes = 0;
  while (!waiting_.empty()) {
    const SeriesBatch& next = waiting_.front().batch;
    samples += next.sample_count();
    bytes += next.allocated_bytes();
    if (!group.empty() && (samples > kGroupSamplesMax || bytes > kGroupBytesMax)) break;
    group.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return group;
}

}  // namespace luma::storage
