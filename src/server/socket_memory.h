// Books what the HTTP ports hold in the memory budget of the store.
#pragma once

#include <memory>
#include <utility>

#include "net/memory_account.h"
#include "storage/budget.h"

namespace luma::server {

// Threads: any. Lifetime: the budget outlives it.
class SocketMemory final : public net::MemoryAccount {
 public:
  explicit SocketMemory(storage::MemoryBudget& budget) : budget_(budget) {}

  // Request bodies: they are on their way to be stored.
  std::shared_ptr<const void> Take(uint64_t bytes) override {
    auto lease = budget_.Book(storage::BudgetUse::kIngest, bytes);
    if (!lease.ok()) return nullptr;
    return std::make_shared<storage::BudgetLease>(std::move(lease).value());
  }
  std::shared_ptr<const void> TakeAlways(uint64_t bytes) override {
    return std::make_shared<storage::BudgetLease>(
        budget_.BookAlways(storage::BudgetUse::kSockets, bytes));
  }

 private:
  storage::MemoryBudget& budget_;
};

}  // namespace luma::server
