// The names of result columns that a statement does not name.
#pragma once

#include "sql/duckdb_headers.h"

namespace luma::sql {

// Gives every such column of a query, of the query in CREATE TABLE AS, CREATE VIEW, EXPLAIN or
// INSERT, and of RETURNING the name that PostgreSQL gives it: that of its function or of its
// column, else that of the type it is cast to, else "?column?". DuckDB would name it after its
// text, and clients look columns up by name.
void NameColumnsAsPostgres(duckdb::SQLStatement& statement);

}  // namespace luma::sql
