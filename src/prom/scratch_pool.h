// Memory that goes from request to request.
#pragma once

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace luma::prom {

// A request is decoded without waiting for anything, so that one for each core is in use, mostly.
// One for each of the eight threads that answer requests took 12 MiB. Threads: any.
template <typename Scratch>  // has Trim(), which clears it and gives memory back
class ScratchPool {
 public:
  std::unique_ptr<Scratch> Take() LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (kept_.empty()) return std::make_unique<Scratch>();
    std::unique_ptr<Scratch> scratch = std::move(kept_.back());
    kept_.pop_back();
    return scratch;
  }
  void Keep(std::unique_ptr<Scratch> scratch) LUMA_EXCLUDES(mutex_) {
    scratch->Trim();
    MutexLock lock(mutex_);
    if (kept_.size() < kept_max_) kept_.push_back(std::move(scratch));
  }

 private:
  const size_t kept_max_ = std::max(1U, std::thread::hardware_concurrency());
  Mutex mutex_;
  // The last one given back is taken first: its memory is the warmest.
  std::vector<std::unique_ptr<Scratch>> kept_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::prom
