#include "server/memory_metrics.h"

#include <string>

#include "server/process_metrics.h"

namespace luma::server {

using storage::BudgetUse;

std::vector<MetricsRegistry::Callback> RegisterMemoryMetrics(const storage::MemoryBudget& budget,
                                                             uint64_t process_limit_bytes,
                                                             MetricsRegistry& registry) {
  std::vector<MetricsRegistry::Callback> callbacks;
  const auto add = [&](std::string_view name, std::string_view help, std::function<double()> read,
                       MetricLabels labels = {}) {
    callbacks.push_back(registry.AddCallback(MetricsRegistry::Kind::kGauge, name, help,
                                             std::move(read), std::move(labels)));
  };
  for (int i = 0; i < storage::kBudgetUseCount; ++i) {
    const auto use = static_cast<BudgetUse>(i);
    add("luma_memory_booked_bytes", "Memory booked in the budget, by what it is for.",
        [&budget, use] { return static_cast<double>(budget.booked_bytes(use)); },
        {{"use", std::string(storage::BudgetUseName(use))}});
  }
  add("luma_memory_limit_bytes", "Limit of the memory budget, of all uses but sql.",
      [&budget] { return static_cast<double>(budget.limit_bytes()); });
  add("luma_memory_sql_limit_bytes", "Limit of use sql.",
      [&budget] { return static_cast<double>(budget.limit_bytes(BudgetUse::kSql)); });
  add("luma_memory_process_limit_bytes", "general.memory_limit in bytes.",
      [process_limit_bytes] { return static_cast<double>(process_limit_bytes); });
  add("luma_memory_unbooked_bytes",
      "Resident memory less all that is booked: program, stacks, allocators.", [&budget] {
        const uint64_t booked = budget.booked_bytes() + budget.booked_bytes(BudgetUse::kSql);
        return ResidentBytes() - static_cast<double>(booked);
      });
  return callbacks;
}

}  // namespace luma::server
