#include "sql/update_operator.h"

#include <algorithm>

#include "sql/changed_rows.h"
#include "sql/column_vectors.h"
#include "sql/foreign_keys.h"
#include "sql/luma_transaction.h"
#include "sql/row_fetch.h"

namespace luma::sql {
namespace {

using duckdb::idx_t;

class UpdateState final : public DataChangeState {
 public:
  UpdateState(duckdb::ClientContext& context, const duckdb::vector<duckdb::LogicalType>& types,
              LumaTableEntry& table, const BoundConstraints& constraints,
              const duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& default_expressions)
      : DataChangeState(context, types),
        transaction(LumaTransaction::Get(context, table.catalog)),
        fetcher(transaction.Read(table.id()), table),
        checks(context, table, constraints),
        defaults(context, default_expressions),
        new_rows(context, StoredTypes(table)),
        foreign_keys(context, transaction, table) {}

  LumaTransaction& transaction;
  RowFetcher fetcher;
  CheckConstraints checks;
  duckdb::ExpressionExecutor defaults;
  ChangedRows updated;
  duckdb::ColumnDataCollection new_rows;
  ForeignKeyChecks foreign_keys;
};

}  // namespace

UpdateOperator::UpdateOperator(duckdb::PhysicalPlan& plan,
                               duckdb::vector<duckdb::LogicalType> returned_types,
                               LumaTableEntry& table, duckdb::vector<duckdb::PhysicalIndex> columns,
                               duckdb::vector<duckdb::unique_ptr<duckdb::Expression>> expressions,
                               duckdb::vector<duckdb::unique_ptr<duckdb::Expression>> defaults,
                               BoundConstraints constraints, idx_t cardinality, bool returns_rows)
    : DataChangeOperator(plan, std::move(returned_types), cardinality, returns_rows),
      table_(table),
      columns_(std::move(columns)),
      expressions_(std::move(expressions)),
      defaults_(std::move(defaults)),
      constraints_(std::move(constraints)) {
  for (idx_t i = 0; i < table.stored_column_count(); ++i) {
    const auto is_column = [&](duckdb::PhysicalIndex column) { return column.index == i; };
    if (std::ranges::none_of(columns_, is_column)) unchanged_.push_back(i);
  }
}

duckdb::unique_ptr<duckdb::GlobalSinkState> UpdateOperator::GetGlobalSinkState(
    duckdb::ClientContext& context) const {
  return duckdb::make_uniq<UpdateState>(context, types, table_, constraints_, defaults_);
}

void UpdateOperator::MakeRows(duckdb::ClientContext& context, duckdb::DataChunk& chunk,
                              const std::vector<int64_t>& row_ids,
                              duckdb::GlobalSinkState& sink_state_of,
                              duckdb::DataChunk& rows) const {
  auto& state = sink_state_of.Cast<UpdateState>();
  rows.Initialize(context, StoredTypes(table_));
  state.defaults.SetChunk(chunk);
  for (size_t i = 0; i < columns_.size(); ++i) {
    duckdb::Vector& target = rows.data[columns_[i].index];
    if (expressions_[i]->GetExpressionType() == duckdb::ExpressionType::VALUE_DEFAULT) {
      state.defaults.ExecuteExpression(columns_[i].index, target);
    } else {
      target.Reference(chunk.data[expressions_[i]->Cast<duckdb::BoundReferenceExpression>().index]);
    }
  }
  std::vector<duckdb::Vector*> fetched;
  for (const idx_t column : unchanged_) fetched.push_back(&rows.data[column]);
  if (!fetched.empty()) state.fetcher.Fetch(row_ids, unchanged_, fetched);
  rows.SetCardinality(chunk.size());
}

duckdb::SinkResultType UpdateOperator::Sink(duckdb::ExecutionContext& context,
                                            duckdb::DataChunk& chunk,
                                            duckdb::OperatorSinkInput& input) const {
  auto& state = input.global_state.Cast<UpdateState>();
  const auto changed = state.updated.Add(chunk.data.back(), chunk.size());
  if (changed.row_ids.empty()) return duckdb::SinkResultType::NEED_MORE_INPUT;
  if (changed.row_ids.size() < chunk.size()) {
    chunk.Slice(changed.positions, changed.row_ids.size());
  }
  duckdb::DataChunk rows;
  MakeRows(context.client, chunk, changed.row_ids, state, rows);
  state.checks.Verify(rows);
  state.foreign_keys.NoteDeleted(changed.row_ids);
  state.foreign_keys.NoteInserted(rows);
  state.transaction.Delete(table_.id(), AsRowIds(changed.row_ids));
  state.new_rows.Append(rows);
  if (returns_rows()) state.Return(rows);
  state.Count(rows.size());
  return duckdb::SinkResultType::NEED_MORE_INPUT;
}

duckdb::SinkFinalizeType UpdateOperator::Finalize(duckdb::Pipeline&, duckdb::Event&,
                                                  duckdb::ClientContext&,
                                                  duckdb::OperatorSinkFinalizeInput& input) const {
  auto& state = input.global_state.Cast<UpdateState>();
  for (auto& chunk : state.new_rows.Chunks()) {
    const ChunkSpans rows(chunk);
    state.transaction.Append(table_.id(), rows.spans());
  }
  state.foreign_keys.Verify();
  return duckdb::SinkFinalizeType::READY;
}

}  // namespace luma::sql
