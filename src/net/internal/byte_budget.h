// A count of bytes in use that is kept under a limit.
#pragma once

#include <atomic>
#include <cstdint>

namespace luma::net {

// Threads: any.
class ByteBudget {
 public:
  explicit ByteBudget(uint64_t limit) : limit_(limit) {}
  bool TryTake(uint64_t bytes) {
    if (used_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= limit_) return true;
    Give(bytes);
    return false;
  }
  void Give(uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

 private:
  const uint64_t limit_;
  std::atomic<uint64_t> used_{0};
};

// What one request has taken; given back at the end of its scope. Thread-compatible.
class ByteLease {
 public:
  explicit ByteLease(ByteBudget& budget) : budget_(budget) {}
  ~ByteLease() { budget_.Give(bytes_); }
  ByteLease(const ByteLease&) = delete;
  ByteLease& operator=(const ByteLease&) = delete;

  // Makes the lease at least `bytes` large.
  bool GrowTo(uint64_t bytes) {
    if (bytes <= bytes_) return true;
    if (!budget_.TryTake(bytes - bytes_)) return false;
    bytes_ = bytes;
    return true;
  }

 private:
  ByteBudget& budget_;
  uint64_t bytes_ = 0;
};

}  // namespace luma::net
