// What INSERT, DELETE and UPDATE have in common: they take rows in, and give out either how many
// they changed or, for RETURNING, the changed rows.
#pragma once

#include <atomic>

#include "base/mutex.h"
#include "sql/duckdb_headers.h"
#include "sql/luma_table_entry.h"

namespace luma::sql {

// Threads: any, when the operator's sink is parallel.
class DataChangeState : public duckdb::GlobalSinkState {
 public:
  DataChangeState(duckdb::ClientContext& context, const duckdb::vector<duckdb::LogicalType>& types)
      : returned_(context, types) {}

  void Count(duckdb::idx_t rows) { changed_ += rows; }
  void Return(duckdb::DataChunk& rows) LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    returned_.Append(rows);
  }

  // After the last row has come in.
  duckdb::idx_t changed() const { return changed_; }
  duckdb::ColumnDataCollection& returned() LUMA_NO_THREAD_SAFETY_ANALYSIS { return returned_; }

 private:
  std::atomic<duckdb::idx_t> changed_{0};
  Mutex mutex_;
  duckdb::ColumnDataCollection returned_ LUMA_GUARDED_BY(mutex_);
};

// Sink states of subclasses derive from DataChangeState.
class DataChangeOperator : public duckdb::PhysicalOperator {
 public:
  DataChangeOperator(duckdb::PhysicalPlan& plan, duckdb::vector<duckdb::LogicalType> returned_types,
                     duckdb::idx_t cardinality, bool returns_rows)
      : PhysicalOperator(plan, duckdb::PhysicalOperatorType::EXTENSION, std::move(returned_types),
                         cardinality),
        returns_rows_(returns_rows) {}

  bool IsSink() const override { return true; }
  bool IsSource() const override { return true; }
  duckdb::unique_ptr<duckdb::GlobalSourceState> GetGlobalSourceState(
      duckdb::ClientContext& context) const override;
  duckdb::SourceResultType GetData(duckdb::ExecutionContext& context, duckdb::DataChunk& chunk,
                                   duckdb::OperatorSourceInput& input) const override;

 protected:
  bool returns_rows() const { return returns_rows_; }

 private:
  const bool returns_rows_;
};

// The stored columns' types, which chunks of whole rows have.
duckdb::vector<duckdb::LogicalType> StoredTypes(const LumaTableEntry& table);

}  // namespace luma::sql
