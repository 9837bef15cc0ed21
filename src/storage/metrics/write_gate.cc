#include "storage/metrics/write_gate.h"

#include "base/check.h"

namespace luma::storage {

bool WriteGate::TryEnterShared() {
  MutexLock lock(mutex_);
  if (exclusive_) return false;
  ++shared_;
  return true;
}

void WriteGate::LeaveShared() {
  MutexLock lock(mutex_);
  LUMA_CHECK(shared_ > 0);
  if (--shared_ == 0) changed_.NotifyAll();
}

void WriteGate::EnterExclusive() {
  MutexLock lock(mutex_);
  while (exclusive_) changed_.Wait(mutex_);
  exclusive_ = true;
  while (shared_ > 0) changed_.Wait(mutex_);
}

void WriteGate::LeaveExclusive() {
  MutexLock lock(mutex_);
  LUMA_CHECK(exclusive_ && shared_ == 0);
  exclusive_ = false;
  changed_.NotifyAll();
}

}  // namespace luma::storage
