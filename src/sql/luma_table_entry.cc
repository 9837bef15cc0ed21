#include "sql/luma_table_entry.h"

#include "sql/luma_transaction.h"
#include "sql/table_scan.h"

namespace luma::sql {

LumaTableEntry::LumaTableEntry(duckdb::Catalog& catalog_of, duckdb::SchemaCatalogEntry& schema_of,
                               duckdb::CreateTableInfo& info, const storage::CatalogObject& object)
    : TableCatalogEntry(catalog_of, schema_of, info), table_schema_(object.table) {
  oid = static_cast<duckdb::idx_t>(object.id);
}

const ColumnSchema& LumaTableEntry::LogicalColumn(duckdb::idx_t index) const {
  return table_schema_->columns[index];
}

const ColumnSchema& LumaTableEntry::StoredColumn(duckdb::idx_t physical_index) const {
  return LogicalColumn(columns.PhysicalToLogical(duckdb::PhysicalIndex(physical_index)).index);
}

duckdb::TableFunction LumaTableEntry::GetScanFunction(
    duckdb::ClientContext&, duckdb::unique_ptr<duckdb::FunctionData>& bind_data) {
  bind_data = duckdb::make_uniq<TableScanBindData>(*this);
  return TableScanFunction();
}

duckdb::TableStorageInfo LumaTableEntry::GetStorageInfo(duckdb::ClientContext& context) {
  duckdb::TableStorageInfo info;
  info.cardinality = LumaTransaction::Get(context, catalog).Read(id())->VisibleRowCount();
  for (const UniqueConstraint& unique : table_schema_->uniques) {
    duckdb::IndexInfo index;
    index.is_unique = true;
    index.is_primary = unique.is_primary_key;
    index.is_foreign = false;
    for (const ColumnId column : unique.columns) {
      const auto& name = table_schema_->FindColumn(column)->name;
      index.column_set.insert(columns.GetColumn(name).Physical().index);
    }
    info.index_info.push_back(std::move(index));
  }
  return info;
}

}  // namespace luma::sql
