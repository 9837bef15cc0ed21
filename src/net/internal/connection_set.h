// The open connections of one server: bounds their number, finds the one to give up, drains them.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>

#include "base/mutex.h"

namespace luma::net {

// Threads: every method from any thread.
class ConnectionSet {
 public:
  class Member {
   public:
    virtual ~Member() = default;
    // Makes the connection end soon. Called with the set's mutex held: must only post.
    virtual void Close() = 0;

   private:
    friend class ConnectionSet;
    std::list<Member*>::iterator position_;
    bool idle_ = true;
  };

  explicit ConnectionSet(size_t members_max) : members_max_(members_max) {}

  // Adds an idle member, which calls Remove before it dies. When full, closes the member idle for
  // longest. False when all are busy or the set is draining: the connection is not wanted.
  bool Add(Member& member) LUMA_EXCLUDES(mutex_);
  void Remove(Member& member) LUMA_EXCLUDES(mutex_);
  void MarkBusy(Member& member) LUMA_EXCLUDES(mutex_);
  // False when draining: the member should end.
  bool MarkIdle(Member& member) LUMA_EXCLUDES(mutex_);
  // Closes the member idle for longest, to free a file descriptor.
  void CloseOneIdle() LUMA_EXCLUDES(mutex_);
  size_t size() const LUMA_EXCLUDES(mutex_);

  // From now on members that are or become idle end.
  void StartDrain() LUMA_EXCLUDES(mutex_);
  // Waits until the set is empty, for `patience`, then calls `hurry`, closes all and waits for as
  // long as it takes.
  void AwaitEmpty(std::chrono::milliseconds patience, const std::function<void()>& hurry)
      LUMA_EXCLUDES(mutex_);

 private:
  bool AwaitEmptyFor(std::chrono::milliseconds patience) LUMA_EXCLUDES(mutex_);
  void Move(Member& member, bool idle) LUMA_REQUIRES(mutex_);

  const size_t members_max_;
  mutable Mutex mutex_;
  CondVar empty_;
  std::list<Member*> idle_ LUMA_GUARDED_BY(mutex_);  // longest idle first
  std::list<Member*> busy_ LUMA_GUARDED_BY(mutex_);
  bool draining_ LUMA_GUARDED_BY(mutex_) = false;
};

}  // namespace luma::net
