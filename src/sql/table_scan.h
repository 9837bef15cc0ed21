// The table function through which DuckDB reads engine tables: parallel over blocks, with
// projection and filters pushed down, without copying values.
#pragma once

#include "sql/duckdb_headers.h"
#include "sql/luma_table_entry.h"

namespace luma::sql {

struct TableScanBindData final : duckdb::TableFunctionData {
  explicit TableScanBindData(LumaTableEntry& scanned) : table(scanned) {}
  duckdb::unique_ptr<duckdb::FunctionData> Copy() const override {
    return duckdb::make_uniq<TableScanBindData>(table);
  }
  bool Equals(const duckdb::FunctionData& other) const override {
    return &other.Cast<TableScanBindData>().table == &table;
  }

  LumaTableEntry& table;
};

duckdb::TableFunction TableScanFunction();

}  // namespace luma::sql
