// ALTER TABLE and COMMENT ON COLUMN.
#pragma once

#include "sql/duckdb_headers.h"
#include "sql/luma_catalog.h"
#include "sql/table_options.h"

namespace luma::sql {

// Throws DuckDB errors.
void AlterTable(duckdb::ClientContext& context, LumaCatalog& catalog,
                const storage::CatalogObject& table, duckdb::AlterInfo& info);

// Sets and removes options that ApplyTableOptions has checked.
void ChangeOptions(duckdb::ClientContext& context, LumaCatalog& catalog, ObjectId table,
                   const TableOptionsChange& change);

// Adds a unique constraint on `columns` and checks the rows that are there. Throws. The columns of
// a primary key become NOT NULL.
void AddUniqueConstraint(duckdb::ClientContext& context, LumaCatalog& catalog, ObjectId table,
                         const std::vector<std::string>& columns, bool is_primary_key,
                         std::string constraint_name);

}  // namespace luma::sql
