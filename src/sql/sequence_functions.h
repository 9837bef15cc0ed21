// nextval, currval and setval for sequences of our catalog. DuckDB's own cast the transaction to
// DuckDB's class, which on a foreign catalog invalidates the instance.
#pragma once

#include <vector>

#include "sql/duckdb_headers.h"

namespace luma::sql {

std::vector<duckdb::ScalarFunctionSet> SequenceFunctions();

}  // namespace luma::sql
