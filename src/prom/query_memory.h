// The memory of one answer of the HTTP API, booked on the budget of the store.
#pragma once

#include <cstdint>

#include "model/metrics_source.h"
#include "storage/budget.h"

namespace luma::prom {

// Lives until the answer has been sent. Threads: one at a time. Lifetime: the budget outlives it.
class QueryMemory final : public ResultMemory {
 public:
  // Without a budget nothing is bounded.
  explicit QueryMemory(storage::MemoryBudget* budget) : budget_(budget) {}

  // Errors: kOutOfMemory; also when SQL and HTTP queries would together take more than half of the
  // budget, since the rest belongs to ingestion.
  Status Book(uint64_t bytes) override;

 private:
  storage::MemoryBudget* const budget_;
  storage::BudgetLease lease_;
};

}  // namespace luma::prom
