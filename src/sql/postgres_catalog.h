// What psql's backslash commands and drivers ask of pg_catalog and DuckDB's own version of it
// lacks: roles, the database's properties, who owns what, and PostgreSQL's operators for patterns.
#pragma once

#include "sql/duckdb_headers.h"

namespace luma::sql {

// Once per instance. Throws.
void RegisterPostgresCatalog(duckdb::DatabaseInstance& database);

}  // namespace luma::sql
