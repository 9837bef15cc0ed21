// What PostgreSQL reads differently from DuckDB in a parsed statement.
//
//   FROM generate_series(1, 3) g     g names the column too
//   FROM promql(...)                 promql_call.h
#pragma once

#include "sql/duckdb_headers.h"

namespace luma::sql {

// Wherever a query can be: in subqueries, CTEs, RETURNING, actions of MERGE, views and macros.
void AdaptToPostgres(duckdb::SQLStatement& statement);

}  // namespace luma::sql
