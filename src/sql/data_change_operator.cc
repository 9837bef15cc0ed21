#include "sql/data_change_operator.h"

namespace luma::sql {
namespace {

struct ReturningState final : duckdb::GlobalSourceState {
  duckdb::ColumnDataScanState scan;
};

}  // namespace

duckdb::unique_ptr<duckdb::GlobalSourceState> DataChangeOperator::GetGlobalSourceState(
    duckdb::ClientContext&) const {
  auto state = duckdb::make_uniq<ReturningState>();
  if (returns_rows_) sink_state->Cast<DataChangeState>().returned().InitializeScan(state->scan);
  return state;
}

duckdb::SourceResultType DataChangeOperator::GetData(duckdb::ExecutionContext&,
                                                     duckdb::DataChunk& chunk,
                                                     duckdb::OperatorSourceInput& input) const {
  auto& changes = sink_state->Cast<DataChangeState>();
  if (!returns_rows_) {
    chunk.SetCardinality(1);
    chunk.SetValue(0, 0, duckdb::Value::BIGINT(static_cast<int64_t>(changes.changed())));
    return duckdb::SourceResultType::FINISHED;
  }
  changes.returned().Scan(input.global_state.Cast<ReturningState>().scan, chunk);
  return chunk.size() == 0 ? duckdb::SourceResultType::FINISHED
                           : duckdb::SourceResultType::HAVE_MORE_OUTPUT;
}

duckdb::vector<duckdb::LogicalType> StoredTypes(const LumaTableEntry& table) {
  duckdb::vector<duckdb::LogicalType> types;
  for (const auto& column : table.GetColumns().Physical()) types.push_back(column.Type());
  return types;
}

}  // namespace luma::sql
