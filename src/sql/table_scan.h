// The table function through which DuckDB reads engine tables: parallel over blocks, with
// projection and filters pushed down, without copying values.
#pragma once

#include <string>

#include "model/matcher.h"
#include "sql/duckdb_headers.h"
#include "sql/luma_table_entry.h"
#include "sql/series_matchers.h"

namespace luma::sql {

inline constexpr const char* kTableScanName = "luma_scan";

struct TableScanBindData final : duckdb::TableFunctionData {
  explicit TableScanBindData(LumaTableEntry& scanned) : table(scanned) {}
  duckdb::unique_ptr<duckdb::FunctionData> Copy() const override {
    auto copy = duckdb::make_uniq<TableScanBindData>(table);
    copy->series_matchers = series_matchers;
    return copy;
  }
  bool Equals(const duckdb::FunctionData& other) const override {
    const auto& scan = other.Cast<TableScanBindData>();
    return &scan.table == &table && KeyOf(scan.series_matchers) == KeyOf(series_matchers);
  }
  // The matchers as PromQL writes them: job="node",zone=~"eu.*".
  std::string SeriesText() const;

  LumaTableEntry& table;
  // Rows of other series are not needed: series_pruning.h. Of tables with a series_id only.
  Matchers series_matchers;
};

duckdb::TableFunction TableScanFunction();

}  // namespace luma::sql
