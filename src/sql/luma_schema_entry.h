// One schema: creates, finds, lists, alters and drops what is in it.
#pragma once

#include "sql/duckdb_headers.h"
#include "sql/luma_catalog.h"

namespace luma::sql {

// Threads: any; the transaction in each call says which version of the catalog is meant. Errors are
// thrown. Functions, collations and the like belong to DuckDB's own system catalog: creating one
// here is kUnsupported.
class LumaSchemaEntry final : public duckdb::SchemaCatalogEntry {
 public:
  LumaSchemaEntry(LumaCatalog& catalog_of, duckdb::CreateSchemaInfo& info, ObjectId id);

  using SchemaCatalogEntry::CreateIndex;

  duckdb::optional_ptr<duckdb::CatalogEntry> CreateTable(
      duckdb::CatalogTransaction transaction, duckdb::BoundCreateTableInfo& info) override;
  duckdb::optional_ptr<duckdb::CatalogEntry> CreateView(duckdb::CatalogTransaction transaction,
                                                        duckdb::CreateViewInfo& info) override;
  duckdb::optional_ptr<duckdb::CatalogEntry> CreateSequence(
      duckdb::CatalogTransaction transaction, duckdb::CreateSequenceInfo& info) override;
  duckdb::optional_ptr<duckdb::CatalogEntry> CreateType(duckdb::CatalogTransaction transaction,
                                                        duckdb::CreateTypeInfo& info) override;
  duckdb::optional_ptr<duckdb::CatalogEntry> CreateFunction(
      duckdb::CatalogTransaction transaction, duckdb::CreateFunctionInfo& info) override;
  duckdb::optional_ptr<duckdb::CatalogEntry> CreateIndex(duckdb::CatalogTransaction transaction,
                                                         duckdb::CreateIndexInfo& info,
                                                         duckdb::TableCatalogEntry& table) override;
  duckdb::optional_ptr<duckdb::CatalogEntry> CreateTableFunction(
      duckdb::CatalogTransaction transaction, duckdb::CreateTableFunctionInfo& info) override;
  duckdb::optional_ptr<duckdb::CatalogEntry> CreateCopyFunction(
      duckdb::CatalogTransaction transaction, duckdb::CreateCopyFunctionInfo& info) override;
  duckdb::optional_ptr<duckdb::CatalogEntry> CreatePragmaFunction(
      duckdb::CatalogTransaction transaction, duckdb::CreatePragmaFunctionInfo& info) override;
  duckdb::optional_ptr<duckdb::CatalogEntry> CreateCollation(
      duckdb::CatalogTransaction transaction, duckdb::CreateCollationInfo& info) override;

  duckdb::optional_ptr<duckdb::CatalogEntry> LookupEntry(
      duckdb::CatalogTransaction transaction, const duckdb::EntryLookupInfo& lookup) override;
  void Scan(duckdb::ClientContext& context, duckdb::CatalogType type,
            const std::function<void(duckdb::CatalogEntry&)>& callback) override;
  // Without a transaction there is no version of the catalog to list: nothing is.
  void Scan(duckdb::CatalogType, const std::function<void(duckdb::CatalogEntry&)>&) override {}
  void DropEntry(duckdb::ClientContext& context, duckdb::DropInfo& info) override;
  void Alter(duckdb::CatalogTransaction transaction, duckdb::AlterInfo& info) override;

 private:
  LumaCatalog& luma_catalog() { return catalog.Cast<LumaCatalog>(); }
  // Creates `object` in this schema, obeying IF NOT EXISTS and OR REPLACE. Null: it existed.
  duckdb::optional_ptr<duckdb::CatalogEntry> Add(duckdb::CatalogTransaction transaction,
                                                 duckdb::OnCreateConflict on_conflict,
                                                 storage::CatalogObject object);
  void Replace(LumaTransaction& transaction, const storage::CatalogObject& existing,
               storage::CatalogObject object);
};

}  // namespace luma::sql
