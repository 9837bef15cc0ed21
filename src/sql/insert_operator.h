// INSERT and CREATE TABLE AS.
#pragma once

#include "sql/check_constraints.h"
#include "sql/data_change_operator.h"

namespace luma::sql {

// Takes whole rows (defaults filled in) in the stored columns' order.
class InsertOperator final : public DataChangeOperator {
 public:
  // Into a table that exists.
  InsertOperator(duckdb::PhysicalPlan& plan, duckdb::vector<duckdb::LogicalType> returned_types,
                 LumaTableEntry& table, BoundConstraints constraints, duckdb::idx_t cardinality,
                 bool returns_rows, bool parallel)
      : DataChangeOperator(plan, std::move(returned_types), cardinality, returns_rows),
        table_(&table),
        constraints_(std::move(constraints)),
        parallel_(parallel) {}
  // Into one that is created when execution starts.
  InsertOperator(duckdb::PhysicalPlan& plan, duckdb::vector<duckdb::LogicalType> returned_types,
                 duckdb::SchemaCatalogEntry& schema,
                 duckdb::unique_ptr<duckdb::BoundCreateTableInfo> create, duckdb::idx_t cardinality,
                 bool parallel)
      : DataChangeOperator(plan, std::move(returned_types), cardinality, false),
        schema_(&schema),
        create_(std::move(create)),
        parallel_(parallel) {}

  duckdb::string GetName() const override { return "INSERT"; }
  bool ParallelSink() const override { return parallel_; }
  bool SinkOrderDependent() const override { return true; }
  duckdb::unique_ptr<duckdb::GlobalSinkState> GetGlobalSinkState(
      duckdb::ClientContext& context) const override;
  duckdb::unique_ptr<duckdb::LocalSinkState> GetLocalSinkState(
      duckdb::ExecutionContext& context) const override;
  duckdb::SinkResultType Sink(duckdb::ExecutionContext& context, duckdb::DataChunk& chunk,
                              duckdb::OperatorSinkInput& input) const override;
  duckdb::SinkFinalizeType Finalize(duckdb::Pipeline& pipeline, duckdb::Event& event,
                                    duckdb::ClientContext& context,
                                    duckdb::OperatorSinkFinalizeInput& input) const override;

 private:
  LumaTableEntry* table_ = nullptr;
  duckdb::SchemaCatalogEntry* schema_ = nullptr;
  duckdb::unique_ptr<duckdb::BoundCreateTableInfo> create_;
  BoundConstraints constraints_;
  const bool parallel_;
};

}  // namespace luma::sql
