#include "session/cancel_registry.h"

#include <utility>

#include "session/auth.h"

namespace luma::session {

Result<CancelKey> CancelRegistry::NewKey() {
  CancelKey key;
  LUMA_ASSIGN_OR_RETURN(key.secret, RandomSecret());
  MutexLock lock(mutex_);
  do {
    last_process_id_ = last_process_id_ == INT32_MAX ? 1 : last_process_id_ + 1;
  } while (entries_.contains(last_process_id_));
  key.process_id = last_process_id_;
  return key;
}

void CancelRegistry::Add(const CancelKey& key, std::weak_ptr<Session> session) {
  MutexLock lock(mutex_);
  entries_[key.process_id] = Entry{key.secret, std::move(session)};
}

void CancelRegistry::Remove(const CancelKey& key) {
  MutexLock lock(mutex_);
  entries_.erase(key.process_id);
}

void CancelRegistry::Cancel(const CancelKey& key) {
  std::shared_ptr<Session> session;
  {
    MutexLock lock(mutex_);
    const auto found = entries_.find(key.process_id);
    if (found == entries_.end() || found->second.secret != key.secret) return;
    session = found->second.session.lock();
  }
  if (session != nullptr) session->Cancel();
}

}  // namespace luma::session
