// Who still reads the log: files with pinned records outlive WalWriter::Truncate.
#pragma once

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "base/mutex.h"
#include "storage/wal/lsn.h"

namespace luma::storage {

// The first record that each reader needs. Threads: every method from any thread.
class WalPins {
 public:
  void Add(Lsn first) LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    pinned_.insert(first);
  }
  void Remove(Lsn first) LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    pinned_.erase(pinned_.find(first));
  }
  // The oldest pinned record, `first_needed` if that is older.
  Lsn OldestOr(Lsn first_needed) const LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return pinned_.empty() ? first_needed : std::min(first_needed, *pinned_.begin());
  }

 private:
  mutable Mutex mutex_;  // innermost
  std::multiset<Lsn> pinned_ LUMA_GUARDED_BY(mutex_);
};

// Keeps the records from first() on while it lives; the next Truncate after that lets go of them.
// Threads: one at a time. Lifetime: may outlive the writer.
class WalPin {
 public:
  WalPin(std::shared_ptr<WalPins> pins, Lsn first) : pins_(std::move(pins)), first_(first) {
    pins_->Add(first_);
  }
  ~WalPin() { pins_->Remove(first_); }
  WalPin(const WalPin&) = delete;
  WalPin& operator=(const WalPin&) = delete;

  Lsn first() const { return first_; }
  // Records below `first` are not needed any more. Never back: they may be gone.
  void Advance(Lsn first) {
    if (first <= first_) return;
    pins_->Add(first);
    pins_->Remove(first_);
    first_ = first;
  }

 private:
  const std::shared_ptr<WalPins> pins_;
  Lsn first_;
};

}  // namespace luma::storage
