// Catalog objects as DuckDB entries, and DuckDB's CREATE infos as the definitions that objects
// keep. What each definition holds: docs/formats/sql_definitions.md.
#pragma once

#include <memory>
#include <string>

#include "sql/duckdb_headers.h"
#include "sql/luma_catalog.h"

namespace luma::sql {

// All of these throw DuckDB errors.

std::shared_ptr<duckdb::CatalogEntry> MakeEntry(LumaCatalog& catalog, LumaSchemaEntry& schema,
                                                LumaTransaction& transaction,
                                                const storage::CatalogObject& object);

duckdb::CatalogType EntryTypeOf(storage::ObjectKind kind);

std::string ViewDefinition(const duckdb::CreateViewInfo& info);
std::string TypeDefinition(duckdb::ClientContext& context, const duckdb::CreateTypeInfo& info);
std::string MacroDefinition(const duckdb::CreateMacroInfo& info);
std::string IndexDefinition(const duckdb::CreateIndexInfo& info);
// The CREATE INDEX statement that IndexDefinition kept; its catalog and schema are empty.
duckdb::unique_ptr<duckdb::CreateIndexInfo> ParseIndexDefinition(const std::string& definition);

}  // namespace luma::sql
