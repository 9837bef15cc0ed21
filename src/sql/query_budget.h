// The memory of what a query of metrics gives, booked on the budget of the store.
#pragma once

#include <cstdint>

#include "model/metrics_source.h"
#include "sql/duckdb_headers.h"
#include "storage/budget.h"

namespace luma::sql {

// Threads: one at a time. Lifetime: context and budget outlive it.
class QueryBudget final : public ResultMemory {
 public:
  QueryBudget(duckdb::ClientContext& context, storage::MemoryBudget& budget)
      : context_(context), budget_(budget) {}

  // Errors: kOutOfMemory, also when queries would together take more than half of the budget, the
  // rest of which belongs to ingestion; kCancelled once the statement is interrupted.
  Status Book(uint64_t bytes) override;

 private:
  duckdb::ClientContext& context_;
  storage::MemoryBudget& budget_;
  storage::BudgetLease lease_;
};

}  // namespace luma::sql
