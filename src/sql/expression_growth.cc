#include "sql/expression_growth.h"

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sql/duckdb_boundary.h"

namespace luma::sql {
namespace {

using duckdb::Expression;
using duckdb::idx_t;
using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;

// Foresees by how many nodes the conditions of a plan grow when each moves down as far as it can.
// Numbers may exceed those of integers. Thread-compatible.
class GrowthMeter {
 public:
  // Visits the plan from the scans up.
  double Measure(LogicalOperator& plan) {
    double growth = 0;
    for (size_t i = 0; i < plan.children.size(); ++i) {
      growth += Measure(*plan.children[i]);
      if (plan.type == LogicalOperatorType::LOGICAL_MATERIALIZED_CTE && i == 0) {
        const auto& cte = plan.Cast<duckdb::LogicalMaterializedCTE>();
        ctes_[cte.table_index] = SizesOf(*plan.children[0]);
      }
    }
    KeepSizes(plan);
    if (plan.type != LogicalOperatorType::LOGICAL_FILTER) return growth;
    for (const auto& condition : plan.expressions) {
      if (StaysWhereItIs(*condition)) continue;
      growth += SizeOf(*condition) - static_cast<double>(CountNodes(*condition));
    }
    return growth;
  }

 private:
  using Sizes = std::vector<double>;  // by column

  static bool StaysWhereItIs(const Expression& expression) {
    return expression.CanThrow() || expression.IsVolatile();
  }

  // The nodes of what a condition on this expression becomes below its operator, and further down.
  double SizeOf(const Expression& expression) const {
    if (expression.GetExpressionClass() == duckdb::ExpressionClass::BOUND_COLUMN_REF) {
      return SizeOf(expression.Cast<duckdb::BoundColumnRefExpression>().binding);
    }
    double size = 1;
    duckdb::ExpressionIterator::EnumerateChildren(
        expression, [&](const Expression& child) { size += SizeOf(child); });
    return size;
  }

  double SizeOf(const duckdb::ColumnBinding& binding) const {
    const auto found = sizes_.find(binding.table_index);
    if (found == sizes_.end() || binding.column_index >= found->second.size()) return 1;
    return found->second[binding.column_index];
  }

  Sizes SizesOf(LogicalOperator& plan) const {
    Sizes sizes;
    for (const auto& binding : plan.GetColumnBindings()) sizes.push_back(SizeOf(binding));
    return sizes;
  }

  Sizes SizesOf(const duckdb::vector<duckdb::unique_ptr<Expression>>& expressions) const {
    Sizes sizes;
    for (const auto& one : expressions) {
      sizes.push_back(StaysWhereItIs(*one) ? static_cast<double>(CountNodes(*one)) : SizeOf(*one));
    }
    return sizes;
  }

  // Conditions are copied for every child.
  Sizes SizesOfSetOperation(LogicalOperator& plan) const {
    Sizes sizes;
    for (const auto& child : plan.children) {
      const Sizes of_child = SizesOf(*child);
      sizes.resize(std::max(sizes.size(), of_child.size()));
      for (size_t i = 0; i < of_child.size(); ++i) sizes[i] += of_child[i];
    }
    return sizes;
  }

  // Of operators whose columns are replaced in conditions that go below them.
  void KeepSizes(LogicalOperator& plan) {
    switch (plan.type) {
      case LogicalOperatorType::LOGICAL_PROJECTION:
        sizes_[plan.Cast<duckdb::LogicalProjection>().table_index] = SizesOf(plan.expressions);
        break;
      case LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY: {
        const auto& aggregate = plan.Cast<duckdb::LogicalAggregate>();
        sizes_[aggregate.group_index] = SizesOf(aggregate.groups);
        break;
      }
      case LogicalOperatorType::LOGICAL_UNION:
      case LogicalOperatorType::LOGICAL_EXCEPT:
      case LogicalOperatorType::LOGICAL_INTERSECT:
        sizes_[plan.Cast<duckdb::LogicalSetOperation>().table_index] = SizesOfSetOperation(plan);
        break;
      case LogicalOperatorType::LOGICAL_CTE_REF: {
        const auto& reference = plan.Cast<duckdb::LogicalCTERef>();
        const auto cte = ctes_.find(reference.cte_index);
        if (cte != ctes_.end()) sizes_[reference.table_index] = cte->second;
        break;
      }
      default:
        break;
    }
  }

  std::unordered_map<idx_t, Sizes> sizes_;  // by table index
  std::unordered_map<idx_t, Sizes> ctes_;   // by the index of the definition
};

void Check(duckdb::OptimizerExtensionInput&, duckdb::unique_ptr<LogicalOperator>& plan) {
  if (GrowthMeter().Measure(*plan) <= kExpressionGrowthMax) return;
  ThrowStatus(Status::TooLarge("statement too complex: its conditions are made of expressions "
                               "that repeat each other")
                  .WithSqlState("54001"));
}

}  // namespace

size_t CountNodes(const Expression& expression) {
  size_t count = 1;
  duckdb::ExpressionIterator::EnumerateChildren(
      expression, [&](const Expression& child) { count += CountNodes(child); });
  return count;
}

duckdb::OptimizerExtension ExpressionGrowthExtension() {
  duckdb::OptimizerExtension extension;
  extension.pre_optimize_function = Check;
  return extension;
}

}  // namespace luma::sql
