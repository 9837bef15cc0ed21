#include "storage/state_store.h"

#include <utility>

namespace luma::storage {

DatabaseStatePtr StateStore::Published() const {
  MutexLock lock(mutex_);
  return published_;
}

StateStore::Snapshot StateStore::Acquire() {
  MutexLock lock(mutex_);
  in_use_.push_back(published_);
  return Snapshot(*this, std::prev(in_use_.end()));
}

void StateStore::Release(std::list<DatabaseStatePtr>::iterator entry) {
  // Freed after unlocking: the last holder of a state may have much to free.
  std::list<DatabaseStatePtr> released;
  MutexLock lock(mutex_);
  released.splice(released.end(), in_use_, entry);
}

DatabaseStatePtr StateStore::Oldest() const {
  MutexLock lock(mutex_);
  return in_use_.empty() ? published_ : in_use_.front();
}

void StateStore::Enqueue(Lsn lsn, DatabaseStatePtr state) {
  MutexLock lock(mutex_);
  queue_.push_back({lsn, std::move(state)});
}

void StateStore::PublishUpTo(Lsn lsn) {
  std::vector<DatabaseStatePtr> replaced;  // freed after unlocking
  MutexLock lock(mutex_);
  while (!queue_.empty() && queue_.front().lsn <= lsn) {
    replaced.push_back(std::exchange(published_, std::move(queue_.front().state)));
    queue_.pop_front();
  }
}

}  // namespace luma::storage
