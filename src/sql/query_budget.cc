#include "sql/query_budget.h"

namespace luma::sql {

using storage::BudgetUse;

Status QueryBudget::Book(uint64_t bytes) {
  if (context_.interrupted) return Status::Cancelled("the statement was interrupted");
  const uint64_t booked = budget_.booked_bytes(BudgetUse::kQuery);
  const uint64_t limit = budget_.limit_bytes() / 2;
  if (booked > limit || bytes > limit - booked) {
    return Status::OutOfMemory("queries need too much memory: asked=", bytes, " booked=", booked,
                               " limit=", limit);
  }
  if (lease_.bytes() > 0) return lease_.Grow(bytes);
  LUMA_ASSIGN_OR_RETURN(lease_, budget_.Book(BudgetUse::kQuery, bytes));
  return Status::Ok();
}

}  // namespace luma::sql
