#include "sql/join_filter_targets.h"

#include <unordered_set>

namespace luma::sql {
namespace {

using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;

using Targets = std::unordered_set<const duckdb::DynamicTableFilterSet*>;

// Whether rows of other keys are the only ones that the result lacks when such rows of the input
// are missing. Outer joins may give rows with a null as the key instead, which have no partner
// either.
bool MayMissRows(const LogicalOperator& plan) {
  switch (plan.type) {
    case LogicalOperatorType::LOGICAL_FILTER:
    case LogicalOperatorType::LOGICAL_PROJECTION:
    case LogicalOperatorType::LOGICAL_ORDER_BY:
    case LogicalOperatorType::LOGICAL_UNNEST:
    case LogicalOperatorType::LOGICAL_COMPARISON_JOIN:
    case LogicalOperatorType::LOGICAL_CROSS_PRODUCT:
    case LogicalOperatorType::LOGICAL_UNION:
    case LogicalOperatorType::LOGICAL_EXCEPT:
    case LogicalOperatorType::LOGICAL_INTERSECT:
    case LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY:  // DuckDB asks for groups only
      return true;
    case LogicalOperatorType::LOGICAL_DISTINCT:
      return plan.Cast<duckdb::LogicalDistinct>().distinct_type == duckdb::DistinctType::DISTINCT;
    default:
      return false;
  }
}

// The filter sets of the scans that may miss rows of `plan`.
void CollectTargets(const LogicalOperator& plan, Targets& targets) {
  if (plan.type == LogicalOperatorType::LOGICAL_GET) {
    targets.insert(plan.Cast<duckdb::LogicalGet>().dynamic_filters.get());
  } else if (MayMissRows(plan)) {
    for (const auto& child : plan.children) CollectTargets(*child, targets);
  }
}

void KeepSafeTargets(duckdb::LogicalComparisonJoin& join) {
  if (!join.filter_pushdown) return;
  Targets safe;
  CollectTargets(*join.children[0], safe);
  auto& probes = join.filter_pushdown->probe_info;
  std::erase_if(probes, [&safe](const duckdb::JoinFilterPushdownFilter& probe) {
    return !safe.contains(probe.dynamic_filters.get());
  });
}

void Optimize(duckdb::OptimizerExtensionInput& input, duckdb::unique_ptr<LogicalOperator>& plan) {
  if (plan->type == LogicalOperatorType::LOGICAL_COMPARISON_JOIN) {
    KeepSafeTargets(plan->Cast<duckdb::LogicalComparisonJoin>());
  }
  for (auto& child : plan->children) Optimize(input, child);
}

}  // namespace

duckdb::OptimizerExtension JoinFilterTargetsExtension() {
  duckdb::OptimizerExtension extension;
  extension.optimize_function = Optimize;
  return extension;
}

}  // namespace luma::sql
