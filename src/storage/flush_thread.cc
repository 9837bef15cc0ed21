#include "storage/flush_thread.h"

#include <utility>

#include "base/log.h"

namespace luma::storage {
namespace {

// Rows come in at most at about 100 MB/s, so limits are overshot by little.
constexpr std::chrono::milliseconds kLookInterval{200};
constexpr std::chrono::seconds kPauseAfterFailure{2};

}  // namespace

FlushThread::FlushThread(Needs needs, Flusher& flusher, const StateStore& states,
                         const Clock& clock)
    : needs_(std::move(needs)),
      flusher_(flusher),
      states_(states),
      clock_(clock),
      last_flush_(clock.Monotonic()),
      thread_([this] { Run(); }) {}

void FlushThread::Stop() {
  std::call_once(stopped_, [this] {
    {
      MutexLock lock(mutex_);
      is_stopping_ = true;
      wake_.NotifyAll();
    }
    thread_.join();
  });
}

void FlushThread::Request() {
  MutexLock lock(mutex_);
  is_requested_ = true;
  wake_.NotifyAll();
}

void FlushThread::Run() {
  bool goes_on = Sleep();
  while (goes_on) {
    const Status flushed = FlushIfNeeded();
    if (!flushed.ok()) LUMA_LOG(kWarn, "storage", "flush failed: {}", flushed.message());
    goes_on = flushed.ok() ? Sleep() : SleepAfterFailure();
  }
}

bool FlushThread::Sleep() {
  MutexLock lock(mutex_);
  if (!is_stopping_ && !is_requested_) wake_.WaitFor(mutex_, kLookInterval);
  return !is_stopping_;
}

bool FlushThread::SleepAfterFailure() {
  const auto end = std::chrono::steady_clock::now() + kPauseAfterFailure;
  MutexLock lock(mutex_);
  while (!is_stopping_) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= left.zero()) break;
    wake_.WaitFor(mutex_, left);
  }
  return !is_stopping_;
}

Status FlushThread::FlushIfNeeded() {
  if (NeedsFlush()) {
    last_flush_ = clock_.Monotonic();
    return flusher_.FlushAll();
  }
  return HasSealedRuns() ? flusher_.FlushSealed() : Status::Ok();
}

bool FlushThread::NeedsFlush() {
  return TakeRequest() || states_.Published()->HotBytes() > needs_.hot_bytes_max ||
         needs_.wal_bytes() > needs_.wal_bytes_max ||
         clock_.Monotonic() - last_flush_ >= needs_.interval;
}

bool FlushThread::TakeRequest() {
  MutexLock lock(mutex_);
  return std::exchange(is_requested_, false);
}

bool FlushThread::HasSealedRuns() const {
  bool found = false;
  states_.Published()->ForEachTable([&](ObjectId, const TableVersionPtr& version) {
    for (const RunVersionPtr& run : version->sealed()) found = found || run->run()->is_hot();
  });
  return found;
}

}  // namespace luma::storage
