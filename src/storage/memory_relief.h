// What the engine does when its memory budget is full.
#pragma once

#include <functional>
#include <utility>

#include "storage/block_cache.h"
#include "storage/budget.h"

namespace luma::storage {

// Drops cached blocks at once, and asks for a flush where hot rows take much: the caller is refused
// meanwhile and comes again.
// Threads: any. Lifetime: budget and cache outlive it.
class MemoryRelief final : public MemoryReliever {
 public:
  MemoryRelief(MemoryBudget& budget, BlockCache& cache, std::function<void()> request_flush)
      : budget_(budget), cache_(cache), request_flush_(std::move(request_flush)) {
    budget_.SetReliever(this);
  }
  ~MemoryRelief() override { budget_.SetReliever(nullptr); }

  void Relieve(uint64_t bytes) override {
    cache_.Shrink(bytes);
    // A flush of little would help little, and make small files.
    const uint64_t hot_bytes = budget_.booked_bytes(BudgetUse::kHotRows);
    if (hot_bytes >= budget_.limit_bytes() / kHotShareMin) request_flush_();
  }

 private:
  static constexpr uint64_t kHotShareMin = 16;

  MemoryBudget& budget_;
  BlockCache& cache_;
  const std::function<void()> request_flush_;
};

}  // namespace luma::storage
