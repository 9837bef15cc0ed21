#include "sql/delete_operator.h"

#include <numeric>

#include "sql/changed_rows.h"
#include "sql/foreign_keys.h"
#include "sql/luma_transaction.h"
#include "sql/row_fetch.h"

namespace luma::sql {
namespace {

class DeleteState final : public DataChangeState {
 public:
  DeleteState(duckdb::ClientContext& context, const duckdb::vector<duckdb::LogicalType>& types,
              LumaTableEntry& from)
      : DataChangeState(context, types),
        transaction(LumaTransaction::Get(context, from.catalog)),
        fetcher(transaction.Read(from.id()), from),
        foreign_keys(context, transaction, from) {}

  LumaTransaction& transaction;
  RowFetcher fetcher;
  ChangedRows deleted;
  ForeignKeyChecks foreign_keys;
};

void ReturnRows(duckdb::ClientContext& context, DeleteState& state, const LumaTableEntry& table,
                const std::vector<int64_t>& row_ids) {
  duckdb::DataChunk rows;
  rows.Initialize(context, StoredTypes(table));
  std::vector<duckdb::idx_t> wanted(rows.ColumnCount());
  std::iota(wanted.begin(), wanted.end(), 0);
  std::vector<duckdb::Vector*> columns;
  for (auto& column : rows.data) columns.push_back(&column);
  state.fetcher.Fetch(row_ids, wanted, columns);
  rows.SetCardinality(row_ids.size());
  state.Return(rows);
}

}  // namespace

duckdb::unique_ptr<duckdb::GlobalSinkState> DeleteOperator::GetGlobalSinkState(
    duckdb::ClientContext& context) const {
  return duckdb::make_uniq<DeleteState>(context, types, table_);
}

duckdb::SinkResultType DeleteOperator::Sink(duckdb::ExecutionContext& context,
                                            duckdb::DataChunk& chunk,
                                            duckdb::OperatorSinkInput& input) const {
  auto& state = input.global_state.Cast<DeleteState>();
  const auto rows = state.deleted.Add(chunk.data[row_id_index_], chunk.size());
  if (rows.row_ids.empty()) return duckdb::SinkResultType::NEED_MORE_INPUT;
  if (returns_rows()) ReturnRows(context.client, state, table_, rows.row_ids);
  state.foreign_keys.NoteDeleted(rows.row_ids);
  state.Count(state.transaction.Delete(table_.id(), AsRowIds(rows.row_ids)));
  return duckdb::SinkResultType::NEED_MORE_INPUT;
}

duckdb::SinkFinalizeType DeleteOperator::Finalize(duckdb::Pipeline&, duckdb::Event&,
                                                  duckdb::ClientContext&,
                                                  duckdb::OperatorSinkFinalizeInput& input) const {
  input.global_state.Cast<DeleteState>().foreign_keys.Verify();
  return duckdb::SinkFinalizeType::READY;
}

}  // namespace luma::sql
