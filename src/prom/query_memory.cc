#include "prom/query_memory.h"

#include <utility>

namespace luma::prom {

using storage::BudgetUse;

Status QueryMemory::Book(uint64_t bytes) {
  if (cancelled_) return Status::Cancelled("the server is stopping");
  if (peer_.IsGone()) return Status::Cancelled("the client has gone");
  if (budget_ == nullptr) return Status::Ok();
  const uint64_t queries = budget_->booked_bytes(BudgetUse::kQuery);
  const uint64_t limit = budget_->limit_bytes() / 2;
  if (queries > limit || bytes > limit - queries) {
    return Status::OutOfMemory("queries need too much memory: asked=", bytes, " booked=", queries,
                               " limit=", limit);
  }
  if (lease_.bytes() > 0) return lease_.Grow(bytes);
  LUMA_ASSIGN_OR_RETURN(lease_, budget_->Book(BudgetUse::kQuery, bytes));
  return Status::Ok();
}

}  // namespace luma::prom
