#include "base/parallel_for.h"

#include <algorithm>
#include <atomic>
#include <memory>

#include "base/mutex.h"

namespace luma {
namespace {

// Outlives the loop while tasks that nobody waits for hold it.
class Loop {
 public:
  Loop(size_t count, const std::function<void(size_t)>& body) : count_(count), body_(&body) {}

  void Help() {
    if (!Begin()) return;
    Run();
    MutexLock lock(mutex_);
    --helping_;
    changed_.NotifyAll();
  }
  void RunToEnd() {
    Run();
    MutexLock lock(mutex_);
    over_ = true;
    while (helping_ > 0) changed_.Wait(mutex_);
  }

 private:
  bool Begin() {
    MutexLock lock(mutex_);
    if (over_) return false;
    ++helping_;
    return true;
  }
  void Run() {
    for (size_t i = next_++; i < count_; i = next_++) (*body_)(i);
  }

  const size_t count_;
  const std::function<void(size_t)>* const body_;  // lives until the loop is over
  std::atomic<size_t> next_{0};
  Mutex mutex_;
  CondVar changed_;
  size_t helping_ LUMA_GUARDED_BY(mutex_) = 0;
  bool over_ LUMA_GUARDED_BY(mutex_) = false;
};

}  // namespace

void ParallelFor(const Helpers& helpers, size_t count, const std::function<void(size_t)>& body) {
  const auto loop = std::make_shared<Loop>(count, body);
  const size_t rounds_to_give = helpers.offer && count > 1 ? count - 1 : 0;
  for (size_t i = 0; i < std::min(helpers.count_max, rounds_to_give); ++i) {
    if (!helpers.offer([loop] { loop->Help(); })) break;
  }
  loop->RunToEnd();
}

}  // namespace luma
