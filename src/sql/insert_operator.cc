#include "sql/insert_operator.h"

#include "sql/column_vectors.h"
#include "sql/foreign_keys.h"
#include "sql/luma_transaction.h"

namespace luma::sql {
namespace {

class InsertState final : public DataChangeState {
 public:
  InsertState(duckdb::ClientContext& context, const duckdb::vector<duckdb::LogicalType>& types,
              LumaTableEntry& into)
      : DataChangeState(context, types),
        table(into),
        transaction(LumaTransaction::Get(context, into.catalog)),
        foreign_keys(context, transaction, into) {}

  LumaTableEntry& table;
  LumaTransaction& transaction;
  ForeignKeyChecks foreign_keys;
};

struct InsertLocalState final : duckdb::LocalSinkState {
  std::unique_ptr<CheckConstraints> checks;
};

}  // namespace

duckdb::unique_ptr<duckdb::GlobalSinkState> InsertOperator::GetGlobalSinkState(
    duckdb::ClientContext& context) const {
  LumaTableEntry* table = table_;
  if (table == nullptr) {
    auto& catalog = schema_->catalog;
    auto created = catalog.CreateTable(catalog.GetCatalogTransaction(context), *schema_, *create_);
    table = &created->Cast<LumaTableEntry>();
  }
  return duckdb::make_uniq<InsertState>(context, types, *table);
}

duckdb::unique_ptr<duckdb::LocalSinkState> InsertOperator::GetLocalSinkState(
    duckdb::ExecutionContext& context) const {
  auto state = duckdb::make_uniq<InsertLocalState>();
  if (table_ != nullptr) {
    state->checks = std::make_unique<CheckConstraints>(context.client, *table_, constraints_);
  }
  return state;
}

duckdb::SinkResultType InsertOperator::Sink(duckdb::ExecutionContext&, duckdb::DataChunk& chunk,
                                            duckdb::OperatorSinkInput& input) const {
  auto& state = input.global_state.Cast<InsertState>();
  const auto& checks = input.local_state.Cast<InsertLocalState>().checks;
  if (checks) checks->Verify(chunk);
  const ChunkSpans rows(chunk);
  state.transaction.Append(state.table.id(), rows.spans());
  state.Count(chunk.size());
  state.foreign_keys.NoteInserted(chunk);
  if (returns_rows()) state.Return(chunk);
  return duckdb::SinkResultType::NEED_MORE_INPUT;
}

duckdb::SinkFinalizeType InsertOperator::Finalize(duckdb::Pipeline&, duckdb::Event&,
                                                  duckdb::ClientContext&,
                                                  duckdb::OperatorSinkFinalizeInput& input) const {
  input.global_state.Cast<InsertState>().foreign_keys.Verify();
  return duckdb::SinkFinalizeType::READY;
}

}  // namespace luma::sql
