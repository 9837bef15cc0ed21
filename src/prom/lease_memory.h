// A lease of the memory budget for who is to book results on it.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "model/metrics_source.h"
#include "storage/budget.h"

namespace luma::prom {

// Grows the lease. Without a budget nothing is booked. Lifetime: both outlive it.
class LeaseMemory final : public ResultMemory {
 public:
  LeaseMemory(const storage::MemoryBudget* budget, storage::BudgetLease& lease)
      : budget_(budget), lease_(lease) {}
  Status Book(uint64_t bytes) override {
    return budget_ == nullptr ? Status::Ok() : lease_.Grow(bytes);
  }

 private:
  const storage::MemoryBudget* const budget_;
  storage::BudgetLease& lease_;
};

}  // namespace luma::prom
