#include "net/internal/connection_set.h"

namespace luma::net {

bool ConnectionSet::Add(Member& member) {
  MutexLock lock(mutex_);
  if (draining_) return false;
  if (idle_.size() + busy_.size() >= members_max_) {
    if (idle_.empty()) return false;
    // It leaves the set only when its coroutine ends; moving it to the back spares it a second
    // Close and lets the next one through.
    idle_.front()->Close();
    idle_.splice(idle_.end(), idle_, idle_.begin());
  }
  member.idle_ = true;
  member.position_ = idle_.insert(idle_.end(), &member);
  return true;
}

void ConnectionSet::Remove(Member& member) {
  MutexLock lock(mutex_);
  (member.idle_ ? idle_ : busy_).erase(member.position_);
  if (idle_.empty() && busy_.empty()) empty_.NotifyAll();
}

void ConnectionSet::MarkBusy(Member& member) {
  MutexLock lock(mutex_);
  Move(member, false);
}

bool ConnectionSet::MarkIdle(Member& member) {
  MutexLock lock(mutex_);
  Move(member, true);
  return !draining_;
}

void ConnectionSet::Move(Member& member, bool idle) {
  std::list<Member*>& to = idle ? idle_ : busy_;
  to.splice(to.end(), member.idle_ ? idle_ : busy_, member.position_);
  member.idle_ = idle;
}

void ConnectionSet::CloseOneIdle() {
  MutexLock lock(mutex_);
  if (!idle_.empty()) idle_.front()->Close();
}

size_t ConnectionSet::size() const {
  MutexLock lock(mutex_);
  return idle_.size() + busy_.size();
}

void ConnectionSet::StartDrain() {
  MutexLock lock(mutex_);
  draining_ = true;
  for (Member* member : idle_) member->Close();
}

bool ConnectionSet::AwaitEmptyFor(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  MutexLock lock(mutex_);
  while (!idle_.empty() || !busy_.empty()) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= left.zero()) return false;
    empty_.WaitFor(mutex_, left);
  }
  return true;
}

void ConnectionSet::AwaitEmpty(std::chrono::milliseconds patience,
                               const std::function<void()>& hurry) {
  if (AwaitEmptyFor(patience)) return;
  hurry();
  MutexLock lock(mutex_);
  for (Member* member : idle_) member->Close();
  for (Member* member : busy_) member->Close();
  while (!idle_.empty() || !busy_.empty()) empty_.Wait(mutex_);
}

}  // namespace luma::net
