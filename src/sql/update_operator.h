// UPDATE: the old rows are deleted as they come, the new ones appended when all have come, so that
// `SET key = key + 1` does not collide with itself.
#pragma once

#include "sql/check_constraints.h"
#include "sql/data_change_operator.h"

namespace luma::sql {

class UpdateOperator final : public DataChangeOperator {
 public:
  // expressions[i] gives stored column columns[i] from the input; the row id is the input's last
  // column. Columns that are not set keep the value of the old row.
  UpdateOperator(duckdb::PhysicalPlan& plan, duckdb::vector<duckdb::LogicalType> returned_types,
                 LumaTableEntry& table, duckdb::vector<duckdb::PhysicalIndex> columns,
                 duckdb::vector<duckdb::unique_ptr<duckdb::Expression>> expressions,
                 duckdb::vector<duckdb::unique_ptr<duckdb::Expression>> defaults,
                 BoundConstraints constraints, duckdb::idx_t cardinality, bool returns_rows);

  duckdb::string GetName() const override { return "UPDATE"; }
  duckdb::unique_ptr<duckdb::GlobalSinkState> GetGlobalSinkState(
      duckdb::ClientContext& context) const override;
  duckdb::SinkResultType Sink(duckdb::ExecutionContext& context, duckdb::DataChunk& chunk,
                              duckdb::OperatorSinkInput& input) const override;
  duckdb::SinkFinalizeType Finalize(duckdb::Pipeline& pipeline, duckdb::Event& event,
                                    duckdb::ClientContext& context,
                                    duckdb::OperatorSinkFinalizeInput& input) const override;

 private:
  // Whole new rows for the input rows `chunk`, in the stored columns' order.
  void MakeRows(duckdb::ClientContext& context, duckdb::DataChunk& chunk,
                const std::vector<int64_t>& row_ids, duckdb::GlobalSinkState& state,
                duckdb::DataChunk& rows) const;

  LumaTableEntry& table_;
  const duckdb::vector<duckdb::PhysicalIndex> columns_;
  const duckdb::vector<duckdb::unique_ptr<duckdb::Expression>> expressions_;
  const duckdb::vector<duckdb::unique_ptr<duckdb::Expression>> defaults_;
  const BoundConstraints constraints_;
  std::vector<duckdb::idx_t> unchanged_;  // stored columns that are not set
};

}  // namespace luma::sql
