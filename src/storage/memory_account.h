// On whose account hot memory is booked, and whether a full budget may refuse it.
#pragma once

#include "storage/budget.h"

namespace luma::storage {

struct MemoryAccount {
  MemoryBudget* budget = nullptr;
  BudgetUse use = BudgetUse::kHotRows;
  bool may_refuse = true;  // false during recovery: the rows are committed, they must fit

  // Errors: kOutOfMemory, if it may refuse.
  Result<BudgetLease> Book(uint64_t bytes) const {
    if (may_refuse) return budget->Book(use, bytes);
    return budget->BookAlways(use, bytes);
  }
};

}  // namespace luma::storage
