// Memory of request bodies: a limit on all of them, and on those of one peer; and the account that
// they share with everything else.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "net/memory_account.h"

namespace luma::net {

// Threads: any.
class BodyBudget {
 public:
  // One peer gets at most half, so that nobody can lock the others out by sending slowly.
  explicit BodyBudget(uint64_t limit, MemoryAccount* account = nullptr)
      : limit_(limit), limit_of_peer_(limit / 2), account_(account) {}

  // Null: there is none.
  MemoryAccount* account() const { return account_; }

  bool TryTake(const std::string& peer, uint64_t bytes) LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const auto used_by_peer = by_peer_.try_emplace(peer, 0).first;
    const bool fits = used_ + bytes <= limit_ && used_by_peer->second + bytes <= limit_of_peer_;
    if (fits) {
      used_ += bytes;
      used_by_peer->second += bytes;
    }
    if (used_by_peer->second == 0) by_peer_.erase(used_by_peer);
    return fits;
  }
  void Give(const std::string& peer, uint64_t bytes) LUMA_EXCLUDES(mutex_) {
    if (bytes == 0) return;
    MutexLock lock(mutex_);
    used_ -= bytes;
    const auto used_by_peer = by_peer_.find(peer);
    used_by_peer->second -= bytes;
    if (used_by_peer->second == 0) by_peer_.erase(used_by_peer);
  }

 private:
  const uint64_t limit_;
  const uint64_t limit_of_peer_;
  MemoryAccount* const account_;
  Mutex mutex_;
  uint64_t used_ LUMA_GUARDED_BY(mutex_) = 0;
  std::unordered_map<std::string, uint64_t> by_peer_ LUMA_GUARDED_BY(mutex_);  // none that is 0
};

// What one request has taken; given back at the end of its scope. Thread-compatible. Lifetime: the
// budget and the peer's address outlive it.
class BodyLease {
 public:
  BodyLease(BodyBudget& budget, const std::string& peer) : budget_(budget), peer_(peer) {}
  ~BodyLease() { budget_.Give(peer_, bytes_); }
  BodyLease(const BodyLease&) = delete;
  BodyLease& operator=(const BodyLease&) = delete;

  // Makes the lease at least `bytes` large.
  bool GrowTo(uint64_t bytes) {
    if (bytes <= bytes_) return true;
    const uint64_t more = bytes - bytes_;
    if (!budget_.TryTake(peer_, more)) return false;
    if (!Book(more)) {
      budget_.Give(peer_, more);
      return false;
    }
    bytes_ = bytes;
    return true;
  }

 private:
  bool Book(uint64_t bytes) {
    if (budget_.account() == nullptr) return true;
    auto booked = budget_.account()->Take(bytes);
    if (booked == nullptr) return false;
    booked_.push_back(std::move(booked));
    return true;
  }

  BodyBudget& budget_;
  const std::string& peer_;
  uint64_t bytes_ = 0;
  std::vector<std::shared_ptr<const void>> booked_;
};

}  // namespace luma::net
