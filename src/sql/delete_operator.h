// DELETE.
#pragma once

#include "sql/data_change_operator.h"

namespace luma::sql {

class DeleteOperator final : public DataChangeOperator {
 public:
  DeleteOperator(duckdb::PhysicalPlan& plan, duckdb::vector<duckdb::LogicalType> returned_types,
                 LumaTableEntry& table, duckdb::idx_t row_id_index, duckdb::idx_t cardinality,
                 bool returns_rows)
      : DataChangeOperator(plan, std::move(returned_types), cardinality, returns_rows),
        table_(table),
        row_id_index_(row_id_index) {}

  duckdb::string GetName() const override { return "DELETE"; }
  duckdb::unique_ptr<duckdb::GlobalSinkState> GetGlobalSinkState(
      duckdb::ClientContext& context) const override;
  duckdb::SinkResultType Sink(duckdb::ExecutionContext& context, duckdb::DataChunk& chunk,
                              duckdb::OperatorSinkInput& input) const override;
  duckdb::SinkFinalizeType Finalize(duckdb::Pipeline& pipeline, duckdb::Event& event,
                                    duckdb::ClientContext& context,
                                    duckdb::OperatorSinkFinalizeInput& input) const override;

 private:
  LumaTableEntry& table_;
  const duckdb::idx_t row_id_index_;
};

}  // namespace luma::sql
