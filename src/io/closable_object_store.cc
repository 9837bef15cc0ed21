#include "io/closable_object_store.h"

#include <chrono>

namespace luma::io {
namespace {

// A call may have been let in and not have begun to wait when it is cancelled: then once more.
constexpr std::chrono::milliseconds kCancelInterval{50};

}  // namespace

bool ClosableObjectStore::Enter() {
  MutexLock lock(mutex_);
  if (!is_closed_) ++calls_;
  return !is_closed_;
}

void ClosableObjectStore::Leave() {
  MutexLock lock(mutex_);
  --calls_;
  left_.NotifyAll();
}

void ClosableObjectStore::Close() {
  MutexLock lock(mutex_);
  is_closed_ = true;
  while (calls_ > 0) {
    store_->CancelCalls();  // takes locks of its own only
    left_.WaitFor(mutex_, kCancelInterval);
  }
}

}  // namespace luma::io
