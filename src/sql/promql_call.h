// Calls of promql() in a parsed statement, made ready for DuckDB.
//
//   promql('up', step => '1m', start_time => $1, end_time => now())   names take their places
//   promql($1)                                      is computed when the statement runs
#pragma once

#include "sql/duckdb_headers.h"

namespace luma::sql {

// DuckDB computes constant arguments of table functions when it binds, once for all executions of a
// prepared statement, and then has no value for parameters. One argument that is not constant makes
// it treat all of them as columns; a subquery is one. Throws 42883 for names that promql() does not
// have, twice the same one, or a gap. Other functions stay as they are.
void AdaptPromqlCall(duckdb::TableFunctionRef& call);

}  // namespace luma::sql
