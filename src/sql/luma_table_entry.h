// One version of a table's definition, as DuckDB plans against it.
#pragma once

#include <memory>

#include "model/schema.h"
#include "sql/duckdb_headers.h"
#include "storage/catalog.h"

namespace luma::sql {

// Immutable. Threads: any.
class LumaTableEntry final : public duckdb::TableCatalogEntry {
 public:
  LumaTableEntry(duckdb::Catalog& catalog_of, duckdb::SchemaCatalogEntry& schema_of,
                 duckdb::CreateTableInfo& info, const storage::CatalogObject& object);

  ObjectId id() const { return static_cast<ObjectId>(oid); }
  const TableSchema& table_schema() const { return *table_schema_; }
  // The stored column behind a DuckDB column, by either of DuckDB's two numberings. Rows carry the
  // stored columns alone; generated ones count as logical only.
  const ColumnSchema& LogicalColumn(duckdb::idx_t index) const;
  const ColumnSchema& StoredColumn(duckdb::idx_t physical_index) const;
  duckdb::idx_t stored_column_count() const { return columns.PhysicalColumnCount(); }

  // No statistics: plans may outlive the data they were made for (DuckDB reuses plans), and rows
  // of the own transaction would not be in them.
  duckdb::unique_ptr<duckdb::BaseStatistics> GetStatistics(duckdb::ClientContext&,
                                                           duckdb::column_t) override {
    return nullptr;
  }
  duckdb::TableFunction GetScanFunction(
      duckdb::ClientContext& context, duckdb::unique_ptr<duckdb::FunctionData>& bind_data) override;
  // Names the unique keys: ON CONFLICT and INSERT OR REPLACE look for them here.
  duckdb::TableStorageInfo GetStorageInfo(duckdb::ClientContext& context) override;
  // The update operator fetches the columns that the statement does not set.
  void BindUpdateConstraints(duckdb::Binder&, duckdb::LogicalGet&, duckdb::LogicalProjection&,
                             duckdb::LogicalUpdate& update, duckdb::ClientContext&) override {
    update.update_is_del_and_insert = true;
  }

 private:
  std::shared_ptr<const TableSchema> table_schema_;
};

}  // namespace luma::sql
