// Division by zero as PostgreSQL has it: an error, where DuckDB gives null.
#pragma once

#include "sql/duckdb_headers.h"

namespace luma::sql {

// Replaces the operators /, // and % on integers and floating-point numbers. Throws.
void MakeDivisionByZeroAnError(duckdb::DatabaseInstance& database);

}  // namespace luma::sql
