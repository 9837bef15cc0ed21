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
  kIndexes,  // of unique constraints
  kIngest,
  kCache,   // decoded blocks that may be needed again
  kDecode,  // decoded blocks that somebody reads and the cache has not kept
  kQuery,
  kSockets,
  kFlush,  // order of rows and buffers on their way to segment files
  kMerge,  // merges, moves between tiers, backups
  kLog,    // buffers of the log
  kSql,    // DuckDB's, under a limit of its own: not part of what is booked in all
};
inline constexpr int kBudgetUseCount = 13;
std::string_view BudgetUseName(BudgetUse use);

class MemoryBudget;

// Gives memory back when there is too little: drops what can be read again, asks for a flush.
class MemoryReliever {
 public:
  virtual ~MemoryReliever() = default;
  // Threads: any. Quick, and books nothing. The caller may hold any lock but those of the block
  // cache and of the flush thread.
  virtual void Relieve(uint64_t bytes) = 0;
};

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

// Threads: any. Lock-free, but for what the reliever does.
class MemoryBudget {
 public:
  explicit MemoryBudget(uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  // When there is too little, the reliever gets a chance first, but for the cache.
  // Errors: kOutOfMemory "memory budget exceeded: use=... asked=... booked=... limit=...".
  Result<BudgetLease> Book(BudgetUse use, uint64_t bytes);
  // For memory that is already committed to (replay), or whose use gives memory back (flushes): may
  // exceed the limit.
  BudgetLease BookAlways(BudgetUse use, uint64_t bytes);

  uint64_t limit_bytes() const { return limit_bytes_.load(std::memory_order_relaxed); }
  // Without kSql.
  uint64_t booked_bytes() const { return booked_.load(std::memory_order_relaxed); }
  uint64_t booked_bytes(BudgetUse use) const;
  // What the use may take, alone or, but for kSql, together with all others.
  uint64_t limit_bytes(BudgetUse use) const;
  void SetLimit(uint64_t bytes) { limit_bytes_ = bytes; }

  // The counter that kSql shows, and its limit. Lifetime: the counter outlives the budget. Call it
  // before others use the budget.
  void CountSql(const std::atomic<uint64_t>& bytes, uint64_t limit_bytes);
  // Lifetime: outlives the budget or is replaced by null, while nobody books.
  void SetReliever(MemoryReliever* reliever) { reliever_ = reliever; }

  // For tests: of the bookings from now on that may be refused, number `first` (from 1) is; with
  // `forever`, so are all later ones. 0 ends it. Returns how many there were since the last call.
  uint64_t RefuseBooking(uint64_t first, bool forever = false);

 private:
  friend class BudgetLease;
  Status Add(BudgetUse use, uint64_t bytes);
  bool TryAdd(BudgetUse use, uint64_t bytes);
  bool IsRefusedByTest();
  void Move(BudgetUse from, BudgetUse to, uint64_t bytes);
  void Subtract(BudgetUse use, uint64_t bytes);

  std::atomic<uint64_t> limit_bytes_;
  std::atomic<uint64_t> booked_{0};
  std::array<std::atomic<uint64_t>, kBudgetUseCount> by_use_{};
  std::atomic<MemoryReliever*> reliever_{nullptr};
  const std::atomic<uint64_t>* sql_bytes_ = nullptr;
  uint64_t sql_limit_bytes_ = 0;

  std::atomic<uint64_t> bookings_{0};  // counted while a test refuses some
  std::atomic<uint64_t> refused_from_{0};
  std::atomic<bool> refused_forever_{false};
};

}  // namespace luma::storage
