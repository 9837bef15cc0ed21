// Physical plans of INSERT, CREATE TABLE AS, DELETE, UPDATE and MERGE. ON CONFLICT and INSERT OR
// REPLACE arrive as MERGE.
#include <algorithm>

#include "sql/delete_operator.h"
#include "sql/duckdb_boundary.h"
#include "sql/insert_operator.h"
#include "sql/luma_catalog.h"
#include "sql/update_operator.h"

namespace luma::sql {
namespace {

using duckdb::ClientContext;
using duckdb::Expression;
using duckdb::PhysicalOperator;
using duckdb::PhysicalPlanGenerator;
using Expressions = duckdb::vector<duckdb::unique_ptr<Expression>>;

bool MayInsertInParallel(ClientContext& context, PhysicalOperator& source) {
  return !PhysicalPlanGenerator::PreserveInsertionOrder(context, source) &&
         duckdb::TaskScheduler::GetScheduler(context).NumberOfThreads() > 1;
}

BoundConstraints Copy(const BoundConstraints& constraints) {
  BoundConstraints copies;
  for (const auto& constraint : constraints) copies.push_back(constraint->Copy());
  return copies;
}

Expressions Copy(const Expressions& expressions) {
  Expressions copies;
  for (const auto& expression : expressions) copies.push_back(expression->Copy());
  return copies;
}

// What DuckDB's own planner does for the rows of WHEN NOT MATCHED THEN INSERT (a, b).
Expressions FillDefaults(const duckdb::LogicalMergeInto& op, duckdb::BoundMergeIntoAction& action) {
  if (action.column_index_map.empty()) return std::move(action.expressions);
  Expressions filled;
  for (const auto& column : op.table.GetColumns().Physical()) {
    const auto index = action.column_index_map[column.Physical()];
    filled.push_back(index == duckdb::DConstants::INVALID_INDEX
                         ? op.bound_defaults[column.StorageOid()]->Copy()
                         : std::move(action.expressions[index]));
  }
  return filled;
}

duckdb::vector<duckdb::LogicalType> RowTypes(const duckdb::LogicalMergeInto& op) {
  auto types = op.types;
  if (op.return_chunk) types.pop_back();  // the name of the action, which the merge adds
  return types;
}

duckdb::unique_ptr<duckdb::MergeIntoOperator> PlanAction(ClientContext& context,
                                                         PhysicalPlanGenerator& planner,
                                                         duckdb::LogicalMergeInto& op,
                                                         duckdb::BoundMergeIntoAction& action) {
  auto& table = op.table.Cast<LumaTableEntry>();
  const auto cardinality = op.EstimateCardinality(context);
  auto planned = duckdb::make_uniq<duckdb::MergeIntoOperator>();
  planned->action_type = action.action_type;
  planned->condition = std::move(action.condition);
  switch (action.action_type) {
    case duckdb::MergeActionType::MERGE_UPDATE:
      planned->op = planner.Make<UpdateOperator>(
          RowTypes(op), table, std::move(action.columns), std::move(action.expressions),
          Copy(op.bound_defaults), Copy(op.bound_constraints), cardinality, op.return_chunk);
      break;
    case duckdb::MergeActionType::MERGE_DELETE:
      planned->op = planner.Make<DeleteOperator>(RowTypes(op), table, op.row_id_start, cardinality,
                                                 op.return_chunk);
      break;
    case duckdb::MergeActionType::MERGE_INSERT:
      planned->op = planner.Make<InsertOperator>(RowTypes(op), table, Copy(op.bound_constraints),
                                                 cardinality, op.return_chunk, /*parallel=*/false);
      planned->expressions = FillDefaults(op, action);
      break;
    case duckdb::MergeActionType::MERGE_ERROR:
      planned->expressions = std::move(action.expressions);
      break;
    case duckdb::MergeActionType::MERGE_DO_NOTHING:
      break;
  }
  return planned;
}

// The tables of metrics keep rules that only their store knows (docs/formats/metrics_tables.md).
void RefuseBuiltIn(const duckdb::TableCatalogEntry& table) {
  if (!table.internal) return;
  ThrowStatus(Status::PermissionDenied("this table is written by the metrics store alone: table=",
                                       table.name));
}

}  // namespace

PhysicalOperator& LumaCatalog::PlanInsert(ClientContext& context, PhysicalPlanGenerator& planner,
                                          duckdb::LogicalInsert& op,
                                          duckdb::optional_ptr<PhysicalOperator> plan) {
  RefuseBuiltIn(op.table);
  if (!op.column_index_map.empty()) plan = planner.ResolveDefaultsProjection(op, *plan);
  const bool parallel = !op.return_chunk && MayInsertInParallel(context, *plan);
  auto& insert = planner.Make<InsertOperator>(op.types, op.table.Cast<LumaTableEntry>(),
                                              std::move(op.bound_constraints),
                                              op.estimated_cardinality, op.return_chunk, parallel);
  insert.children.push_back(*plan);
  return insert;
}

PhysicalOperator& LumaCatalog::PlanCreateTableAs(ClientContext& context,
                                                 PhysicalPlanGenerator& planner,
                                                 duckdb::LogicalCreateTable& op,
                                                 PhysicalOperator& plan) {
  auto& insert =
      planner.Make<InsertOperator>(op.types, op.schema, std::move(op.info),
                                   op.estimated_cardinality, MayInsertInParallel(context, plan));
  insert.children.push_back(plan);
  return insert;
}

PhysicalOperator& LumaCatalog::PlanDelete(ClientContext&, PhysicalPlanGenerator& planner,
                                          duckdb::LogicalDelete& op, PhysicalOperator& plan) {
  const ObjectId table = ObjectIdOf(op.table);
  const bool has_samples = std::ranges::count(storage::kSampleTableIds, table) > 0;
  if (!has_samples && table != storage::kExemplarsTableId) RefuseBuiltIn(op.table);
  const auto row_id_index = op.expressions[0]->Cast<duckdb::BoundReferenceExpression>().index;
  auto& remove =
      planner.Make<DeleteOperator>(op.types, op.table.Cast<LumaTableEntry>(), row_id_index,
                                   op.estimated_cardinality, op.return_chunk);
  remove.children.push_back(plan);
  return remove;
}

PhysicalOperator& LumaCatalog::PlanUpdate(ClientContext&, PhysicalPlanGenerator& planner,
                                          duckdb::LogicalUpdate& op, PhysicalOperator& plan) {
  RefuseBuiltIn(op.table);
  auto& update = planner.Make<UpdateOperator>(
      op.types, op.table.Cast<LumaTableEntry>(), op.columns, std::move(op.expressions),
      std::move(op.bound_defaults), std::move(op.bound_constraints), op.estimated_cardinality,
      op.return_chunk);
  update.children.push_back(plan);
  return update;
}

PhysicalOperator& LumaCatalog::PlanMergeInto(ClientContext& context, PhysicalPlanGenerator& planner,
                                             duckdb::LogicalMergeInto& op, PhysicalOperator& plan) {
  RefuseBuiltIn(op.table);
  duckdb::map<duckdb::MergeActionCondition,
              duckdb::vector<duckdb::unique_ptr<duckdb::MergeIntoOperator>>>
      actions;
  for (auto& [condition, bound_actions] : op.actions) {
    for (auto& action : bound_actions) {
      actions[condition].push_back(PlanAction(context, planner, op, *action));
    }
  }
  auto& merge = planner.Make<duckdb::PhysicalMergeInto>(op.types, std::move(actions),
                                                        op.row_id_start, op.source_marker,
                                                        /*parallel=*/false, op.return_chunk);
  merge.children.push_back(plan);
  return merge;
}

}  // namespace luma::sql
