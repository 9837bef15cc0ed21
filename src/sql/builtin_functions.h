// Functions and types that replace or extend DuckDB's: sequences of our catalog, and what
// PostgreSQL clients call when they connect.
#pragma once

#include "sql/duckdb_headers.h"

namespace luma::sql {

// Once per instance, before clients connect. Throws.
void RegisterBuiltinFunctions(duckdb::DatabaseInstance& database);

}  // namespace luma::sql
