// Which state of the database readers see, and which states running transactions still see.
#pragma once

#include <deque>
#include <list>
#include <memory>

#include "base/mutex.h"
#include "storage/database_state.h"
#include "storage/wal/lsn.h"

namespace luma::storage {

// States are queued by the sequencer in the order of the log and published, in that order, once
// the log has acknowledged their record. Readers take the newest published one.
// Threads: every method from any thread; the lock is held for a few pointer copies.
class StateStore {
 public:
  explicit StateStore(DatabaseStatePtr recovered) : published_(std::move(recovered)) {}

  // A state that a transaction reads. Movable; destruction lets go of it.
  class Snapshot {
   public:
    Snapshot(StateStore& store, std::list<DatabaseStatePtr>::iterator entry)
        : store_(&store), entry_(entry), state_(*entry) {}
    Snapshot(Snapshot&& other) noexcept
        : store_(std::exchange(other.store_, nullptr)),
          entry_(other.entry_),
          state_(std::move(other.state_)) {}
    Snapshot& operator=(Snapshot&&) = delete;
    ~Snapshot() {
      if (store_ != nullptr) store_->Release(entry_);
    }
    const DatabaseState& operator*() const { return *state_; }
    const DatabaseState* operator->() const { return state_.get(); }

   private:
    StateStore* store_;
    std::list<DatabaseStatePtr>::iterator entry_;
    DatabaseStatePtr state_;
  };

  DatabaseStatePtr Published() const LUMA_EXCLUDES(mutex_);
  // The published state, remembered as in use. The store must outlive it.
  Snapshot Acquire() LUMA_EXCLUDES(mutex_);
  // The oldest state that a transaction reads or may come to read.
  DatabaseStatePtr Oldest() const LUMA_EXCLUDES(mutex_);

  // `state` is to be published when `lsn` is acknowledged. Called in log order.
  void Enqueue(Lsn lsn, DatabaseStatePtr state) LUMA_EXCLUDES(mutex_);
  // Everything up to `lsn` is acknowledged.
  void PublishUpTo(Lsn lsn) LUMA_EXCLUDES(mutex_);

 private:
  struct Waiting {
    Lsn lsn;
    DatabaseStatePtr state;
  };

  void Release(std::list<DatabaseStatePtr>::iterator entry) LUMA_EXCLUDES(mutex_);

  mutable Mutex mutex_;  // innermost: nothing is locked under it
  DatabaseStatePtr published_ LUMA_GUARDED_BY(mutex_);
  std::deque<Waiting> queue_ LUMA_GUARDED_BY(mutex_);
  std::list<DatabaseStatePtr> in_use_ LUMA_GUARDED_BY(mutex_);  // oldest first
};

}  // namespace luma::storage
