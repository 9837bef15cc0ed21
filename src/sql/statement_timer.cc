#include "sql/statement_timer.h"

namespace luma::sql {

StatementTimer::~StatementTimer() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

StatementTimer::Id StatementTimer::Start(Clock::time_point deadline,
                                         std::function<void()> interrupt) {
  MutexLock lock(mutex_);
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
  const Id id{deadline, next_id_++};
  timers_.emplace(id, std::move(interrupt));
  changed_.NotifyAll();
  return id;
}

bool StatementTimer::Stop(const Id& id) {
  MutexLock lock(mutex_);
  return timers_.erase(id) == 0;
}

void StatementTimer::Run() {
  MutexLock lock(mutex_);
  while (!stopping_) {
    if (timers_.empty()) {
      changed_.Wait(mutex_);
      continue;
    }
    const auto first = timers_.begin();
    const auto wait = first->first.first - Clock::now();
    if (wait > Clock::duration::zero()) {
      changed_.WaitFor(mutex_, wait);
      continue;
    }
    // Under the lock, so that Stop cannot return while the call is still to come.
    first->second();
    timers_.erase(first);
  }
}

}  // namespace luma::sql
