// One account of memory for everything that grows with data or clients: hot rows, decoded blocks,
// caches, query memory, sockets. Memory is booked before it is allocated.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/status.h"

namespace luma::storage {

enum class BudgetUse : uint8_t {
  kHotRows,
  kTransactions,
  kSeries,
  kIngest,
  kCache,
  kQuery,
  kSockets,
  kMerge,  // merges, moves between tiers, backups
};
inline constexpr int kBudgetUseCount = 8;
std::string_view BudgetUseName(BudgetUse use);

class MemoryBudget;

// Booked bytes; gives them back when destroyed. Movable. Threads: one at a time.
class BudgetLease {
 public:
  BudgetLease() = default;
  BudgetLease(BudgetLease&& other) noexcept;
  BudgetLease& operator=(BudgetLease&& other) noexcept;
  ~BudgetLease();

  uint64_t bytes() const { return bytes_; }
  // Books more. Errors: kOutOfMemory; what was booked stays booked.
  Status Grow(uint64_t bytes);
  // Counts what is booked as another use.
  void MoveTo(BudgetUse use);
  void Release();

 private:
  friend class MemoryBudget;
  BudgetLease(MemoryBudget* budget, BudgetUse use, uint64_t bytes)
      : budget_(budget), use_(use), bytes_(bytes) {}

  MemoryBudget* budget_ = nullptr;
  BudgetUse use_ = BudgetUse::kHotRows;
  uint64_t bytes_ = 0;
};

// Threads: any. Lock-free.
class MemoryBudget {
 public:
  explicit MemoryBudget(uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  // Errors: kOutOfMemory "memory budget exceeded: use=... asked=... booked=... limit=...".
  Result<BudgetLease> Book(BudgetUse use, uint64_t bytes);
  // For memory that is already committed to (replay): may exceed the limit.
  BudgetLease BookAlways(BudgetUse use, uint64_t bytes);

  uint64_t limit_bytes() const { return limit_bytes_.load(std::memory_order_relaxed); }
  uint64_t booked_bytes() const { return booked_.load(std::memory_order_relaxed); }
  uint64_t booked_bytes(BudgetUse use) const {
    return by_use_[static_cast<size_t>(use)].load(std::memory_order_relaxed);
  }
  void SetLimit(uint64_t bytes) { limit_bytes_ = bytes; }

 private:
  friend class BudgetLease;
  Status Add(BudgetUse use, uint64_t bytes);
  bool TryAdd(BudgetUse use, uint64_t bytes);
  void Move(BudgetUse from, BudgetUse to, uint64_t bytes);
  void Subtract(BudgetUse use, uint64_t bytes);

  std::atomic<uint64_t> limit_bytes_;
  std::atomic<uint64_t> booked_{0};
  std::array<std::atomic<uint64_t>, kBudgetUseCount> by_use_{};
};

}  // namespace luma::storage
