#include "pgwire/internal/connection_table.h"

namespace luma::pgwire {

bool ConnectionTable::Add(Member& member) {
  MutexLock lock(mutex_);
  if (draining_) return false;
  if (unauthenticated_.size() >= unauthenticated_max_) {
    // It stays in the list until its coroutine has ended. At the back it is not dropped again for
    // the next one, which drops the then oldest.
    unauthenticated_.front()->Drop();
    unauthenticated_.splice(unauthenticated_.end(), unauthenticated_, unauthenticated_.begin());
  }
  member.place_ = Member::Place::kUnauthenticated;
  member.since_ = std::chrono::steady_clock::now();
  member.position_ = unauthenticated_.insert(unauthenticated_.end(), &member);
  return true;
}

bool ConnectionTable::MakeSession(Member& member) {
  MutexLock lock(mutex_);
  if (draining_ || sessions_.size() >= sessions_max_) return false;
  sessions_.splice(sessions_.end(), unauthenticated_, member.position_);
  member.place_ = Member::Place::kSession;
  return true;
}

void ConnectionTable::Remove(Member& member) {
  MutexLock lock(mutex_);
  if (member.place_ == Member::Place::kNone) return;
  ListOf(member).erase(member.position_);
  member.place_ = Member::Place::kNone;
  if (empty()) emptied_.NotifyAll();
}

void ConnectionTable::DropUnauthenticated(std::chrono::milliseconds patience) {
  const auto started_by = std::chrono::steady_clock::now() - patience;
  MutexLock lock(mutex_);
  for (Member* member : unauthenticated_) {
    if (member->since_ <= started_by) member->Drop();
  }
}

void ConnectionTable::DropOldestUnauthenticated() {
  MutexLock lock(mutex_);
  if (!unauthenticated_.empty()) unauthenticated_.front()->Drop();
}

void ConnectionTable::CheckPeers() {
  MutexLock lock(mutex_);
  for (Member* member : sessions_) member->CheckPeer();
}

size_t ConnectionTable::session_count() const {
  MutexLock lock(mutex_);
  return sessions_.size();
}

void ConnectionTable::DrainAll(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  MutexLock lock(mutex_);
  draining_ = true;
  for (Member* member : unauthenticated_) member->Drop();
  for (Member* member : sessions_) member->Drain();
  while (!empty()) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= left.zero()) break;
    emptied_.WaitFor(mutex_, left);
  }
  for (Member* member : sessions_) member->Terminate();
  while (!empty()) emptied_.Wait(mutex_);
}

std::list<ConnectionTable::Member*>& ConnectionTable::ListOf(const Member& member) {
  return member.place_ == Member::Place::kSession ? sessions_ : unauthenticated_;
}

bool ConnectionTable::empty() const { return unauthenticated_.empty() && sessions_.empty(); }

}  // namespace luma::pgwire
