// The open connections of the server: those that have not logged in and the sessions.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>

#include "base/mutex.h"

namespace luma::pgwire {

// Sockets that have not logged in are counted apart from sessions: however many of them idle, they
// take no session's place, and when they are too many the oldest goes.
// Threads: any.
class ConnectionTable {
 public:
  // What a member is told. Called with the table's mutex held: must only post.
  class Member {
   public:
    virtual ~Member() = default;
    virtual void Drop() = 0;       // close at once
    virtual void Drain() = 0;      // close as soon as no request and no transaction is open
    virtual void Terminate() = 0;  // cancel what runs, tell the client, close
    // Cancel what runs when the client is gone; close when it is silent for too long.
    virtual void CheckPeer() = 0;

   private:
    friend class ConnectionTable;
    enum class Place : unsigned char { kNone, kUnauthenticated, kSession };
    Place place_ = Place::kNone;
    std::list<Member*>::iterator position_;
    std::chrono::steady_clock::time_point since_;
  };

  ConnectionTable(size_t unauthenticated_max, size_t sessions_max)
      : unauthenticated_max_(unauthenticated_max), sessions_max_(sessions_max) {}

  // False when draining. Each added member calls Remove before it dies.
  bool Add(Member& member) LUMA_EXCLUDES(mutex_);
  // False when there are sessions_max sessions, or when draining.
  bool MakeSession(Member& member) LUMA_EXCLUDES(mutex_);
  void Remove(Member& member) LUMA_EXCLUDES(mutex_);

  // Drops those that have not logged in for `patience`.
  void DropUnauthenticated(std::chrono::milliseconds patience) LUMA_EXCLUDES(mutex_);
  void DropOldestUnauthenticated() LUMA_EXCLUDES(mutex_);
  void CheckPeers() LUMA_EXCLUDES(mutex_);
  size_t session_count() const LUMA_EXCLUDES(mutex_);

  // Sessions end when they come to rest, within `patience`; then they are ended. Returns when all
  // are gone.
  void DrainAll(std::chrono::milliseconds patience) LUMA_EXCLUDES(mutex_);

 private:
  std::list<Member*>& ListOf(const Member& member) LUMA_REQUIRES(mutex_);
  bool empty() const LUMA_REQUIRES(mutex_);

  const size_t unauthenticated_max_;
  const size_t sessions_max_;
  mutable Mutex mutex_;
  CondVar emptied_;
  std::list<Member*> unauthenticated_ LUMA_GUARDED_BY(mutex_);  // oldest first
  std::list<Member*> sessions_ LUMA_GUARDED_BY(mutex_);
  bool draining_ LUMA_GUARDED_BY(mutex_) = false;
};

}  // namespace luma::pgwire
