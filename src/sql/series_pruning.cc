#include "sql/series_pruning.h"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sql/duckdb_boundary.h"
#include "sql/expression_growth.h"
#include "sql/query_budget.h"
#include "sql/series_matchers.h"
#include "sql/statement_tables.h"
#include "sql/table_scan.h"
#include "storage/metrics/snapshot_series.h"

namespace luma::sql {
namespace {

using duckdb::idx_t;
using duckdb::LogicalGet;
using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;

constexpr std::string_view kSeriesIdColumn = "series_id";
constexpr ObjectId kTablesBySeries[] = {storage::kSeriesTableId,    storage::kSamplesTableId,
                                        storage::kRollupsTableId,   storage::kHistogramsTableId,
                                        storage::kExemplarsTableId, storage::kStartTimesTableId};

bool HasSeriesId(ObjectId table) {
  return std::ranges::find(kTablesBySeries, table) != std::end(kTablesBySeries);
}

// Scans of tables by series, by the table index of the plan.
using Scans = std::unordered_map<idx_t, LogicalGet*>;

TableScanBindData* ScanDataOf(LogicalGet& get) {
  if (get.function.name != kTableScanName || !get.bind_data) return nullptr;
  auto& data = get.bind_data->Cast<TableScanBindData>();
  return HasSeriesId(data.table.id()) ? &data : nullptr;
}

bool AreSame(const Matcher& one, const Matcher& other) {
  return one.name() == other.name() && one.op() == other.op() && one.value() == other.value();
}

void Add(Matcher matcher, Matchers& matchers) {
  const bool is_known = std::ranges::any_of(
      matchers, [&matcher](const Matcher& known) { return AreSame(known, matcher); });
  if (!is_known) matchers.push_back(std::move(matcher));
}

void AddConditionOn(LogicalGet& get, const duckdb::Expression& condition) {
  TableScanBindData* const data = ScanDataOf(get);
  if (data == nullptr || data->table.id() != storage::kSeriesTableId) return;
  std::optional<Matcher> matcher = SeriesMatcherOf(condition, get, data->table);
  if (matcher) Add(*std::move(matcher), data->series_matchers);
}

using Conditions = duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>;

// What a condition may grow by at each projection.
constexpr size_t kNodesMax = 1'000;

// Writes what the projection computes in place of its columns. False when that takes more nodes
// than are left.
bool SeeThrough(const duckdb::LogicalProjection& projection,
                duckdb::unique_ptr<duckdb::Expression>& expression, size_t& nodes_left) {
  if (expression->GetExpressionClass() == duckdb::ExpressionClass::BOUND_COLUMN_REF) {
    const auto& binding = expression->Cast<duckdb::BoundColumnRefExpression>().binding;
    if (binding.table_index != projection.table_index) return true;
    const duckdb::Expression& column = *projection.expressions[binding.column_index];
    const size_t nodes = CountNodes(column);
    if (nodes > nodes_left) return false;
    nodes_left -= nodes;
    expression = column.Copy();
    return true;
  }
  bool fits = true;
  duckdb::ExpressionIterator::EnumerateChildren(
      *expression, [&](duckdb::unique_ptr<duckdb::Expression>& child) {
        fits = fits && SeeThrough(projection, child, nodes_left);
      });
  return fits;
}

void SeeThrough(const duckdb::LogicalProjection& projection, Conditions& conditions) {
  std::erase_if(conditions, [&projection](duckdb::unique_ptr<duckdb::Expression>& one) {
    size_t nodes_left = kNodesMax;
    return !SeeThrough(projection, one, nodes_left);
  });
}

bool IsInnerJoin(const LogicalOperator& plan) {
  return plan.type == LogicalOperatorType::LOGICAL_COMPARISON_JOIN &&
         plan.Cast<duckdb::LogicalComparisonJoin>().join_type == duckdb::JoinType::INNER;
}

// DuckDB leaves filters that may fail, such as regular expressions, above projections: their
// conditions are followed down to the scan. `conditions` hold for every row of `plan` that counts.
void FollowFilters(LogicalOperator& plan, Conditions conditions) {
  if (plan.type == LogicalOperatorType::LOGICAL_FILTER) {
    for (const auto& filter : plan.expressions) conditions.push_back(filter->Copy());
  } else if (plan.type == LogicalOperatorType::LOGICAL_PROJECTION) {
    SeeThrough(plan.Cast<duckdb::LogicalProjection>(), conditions);
  } else if (plan.type == LogicalOperatorType::LOGICAL_GET) {
    for (const auto& one : conditions) AddConditionOn(plan.Cast<LogicalGet>(), *one);
  } else if (!IsInnerJoin(plan)) {
    conditions.clear();
  }
  for (auto& child : plan.children) {
    Conditions below;
    for (const auto& one : conditions) below.push_back(one->Copy());
    FollowFilters(*child, std::move(below));
  }
}

// The scan whose series_id the expression is; null for anything else.
LogicalGet* ScanOf(const duckdb::Expression& expression, const Scans& scans) {
  if (expression.GetExpressionClass() != duckdb::ExpressionClass::BOUND_COLUMN_REF) return nullptr;
  const auto& binding = expression.Cast<duckdb::BoundColumnRefExpression>().binding;
  const auto found = scans.find(binding.table_index);
  if (found == scans.end()) return nullptr;
  const idx_t column = found->second->GetColumnIds()[binding.column_index].GetPrimaryIndex();
  if (duckdb::IsVirtualColumn(column)) return nullptr;
  const LumaTableEntry& table = ScanDataOf(*found->second)->table;
  return table.LogicalColumn(column).name == kSeriesIdColumn ? found->second : nullptr;
}

void PassOn(LogicalGet& from, LogicalGet& to) {
  const TableScanBindData& series = *ScanDataOf(from);
  if (series.table.id() != storage::kSeriesTableId) return;
  for (const Matcher& one : series.series_matchers) Add(one, ScanDataOf(to)->series_matchers);
}

// Rows without a partner leave such a join on both sides, or only serve to find partners.
bool DropsRowsWithoutPartner(duckdb::JoinType type) {
  return type == duckdb::JoinType::INNER || type == duckdb::JoinType::SEMI ||
         type == duckdb::JoinType::RIGHT_SEMI;
}

void PassOnThroughJoin(const duckdb::LogicalComparisonJoin& join, const Scans& left_scans,
                       const Scans& right_scans) {
  if (!DropsRowsWithoutPartner(join.join_type)) return;
  for (const duckdb::JoinCondition& condition : join.conditions) {
    if (condition.comparison != duckdb::ExpressionType::COMPARE_EQUAL) continue;
    LogicalGet* const left = ScanOf(*condition.left, left_scans);
    LogicalGet* const right = ScanOf(*condition.right, right_scans);
    if (left == nullptr || right == nullptr) continue;
    PassOn(*left, *right);
    PassOn(*right, *left);
  }
}

// Of which side the join gives every row, as often as before, whatever other rows of that side
// there are.
bool KeepsRowsOfLeft(duckdb::JoinType type) {
  using duckdb::JoinType;
  return type == JoinType::INNER || type == JoinType::LEFT || type == JoinType::SEMI ||
         type == JoinType::ANTI || type == JoinType::MARK || type == JoinType::SINGLE;
}
bool KeepsRowsOfRight(duckdb::JoinType type) {
  using duckdb::JoinType;
  return type == JoinType::INNER || type == JoinType::RIGHT || type == JoinType::RIGHT_SEMI ||
         type == JoinType::RIGHT_ANTI;
}

Scans Together(Scans some, Scans others) {
  if (some.size() < others.size()) std::swap(some, others);
  some.merge(others);
  return some;
}

// Gives the scans of tables by series that may read less when rows of the result are not wanted:
// below limits, samples, windows, ASOF and POSITIONAL joins and the like the rows that are wanted
// depend on the others.
Scans PassOnThroughJoins(LogicalOperator& plan) {
  std::vector<Scans> below;
  for (auto& child : plan.children) below.push_back(PassOnThroughJoins(*child));
  switch (plan.type) {
    case LogicalOperatorType::LOGICAL_GET: {
      auto& get = plan.Cast<LogicalGet>();
      return ScanDataOf(get) == nullptr ? Scans() : Scans{{get.table_index, &get}};
    }
    case LogicalOperatorType::LOGICAL_FILTER:
      return std::move(below[0]);
    case LogicalOperatorType::LOGICAL_CROSS_PRODUCT:
      return Together(std::move(below[0]), std::move(below[1]));
    case LogicalOperatorType::LOGICAL_COMPARISON_JOIN: {
      const auto& join = plan.Cast<duckdb::LogicalComparisonJoin>();
      PassOnThroughJoin(join, below[0], below[1]);
      if (!KeepsRowsOfLeft(join.join_type)) below[0].clear();
      if (!KeepsRowsOfRight(join.join_type)) below[1].clear();
      return Together(std::move(below[0]), std::move(below[1]));
    }
    default:
      return {};
  }
}

bool ReadsSeries(LogicalOperator& plan) {
  if (plan.type == LogicalOperatorType::LOGICAL_GET && ScanDataOf(plan.Cast<LogicalGet>())) {
    return true;
  }
  return std::ranges::any_of(plan.children, [](auto& child) { return ReadsSeries(*child); });
}

void Optimize(duckdb::OptimizerExtensionInput&, duckdb::unique_ptr<LogicalOperator>& plan) {
  if (!ReadsSeries(*plan)) return;
  FollowFilters(*plan, {});
  PassOnThroughJoins(*plan);
}

// What a scan tests rows against, with its memory.
struct ChosenSeries {
  ChosenSeries(duckdb::ClientContext& context, storage::MemoryBudget& budget)
      : memory(context, budget) {}

  void Take(const storage::SeriesBitmap& ids) {
    if (!ids.isEmpty()) ThrowIfError(memory.Book(storage::SeriesFilter::BytesFor(ids)));
    filter.emplace(ids);
  }

  QueryBudget memory;
  std::optional<storage::SeriesFilter> filter;
};

}  // namespace

void CollectSeriesMatchers(duckdb::ClientContext&, LogicalGet& get, duckdb::FunctionData*,
                           duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters) {
  for (const auto& filter : filters) AddConditionOn(get, *filter);
}

duckdb::OptimizerExtension SeriesPruningExtension() {
  duckdb::OptimizerExtension extension;
  extension.optimize_function = Optimize;
  return extension;
}

std::shared_ptr<const storage::SeriesFilter> ChooseSeries(duckdb::ClientContext& context,
                                                          const storage::SeriesDirectory& index,
                                                          const Matchers& matchers,
                                                          storage::MultiTierStorage& engine,
                                                          LumaTransaction& transaction) {
  const std::string key = KeyOf(matchers);
  if (auto known = transaction.FindSeries(key)) return known;
  const storage::SnapshotSeries series(engine, index, TablesOf(transaction));
  auto chosen = std::make_shared<ChosenSeries>(context, engine.budget());
  chosen->Take(ValueOrThrow(series.Select(matchers, {}, {.memory = &chosen->memory})));
  std::shared_ptr<const storage::SeriesFilter> filter(chosen, &*chosen->filter);
  transaction.KeepSeries(key, filter);
  return filter;
}

}  // namespace luma::sql
