// DuckDB's dependency lists as object ids.
#pragma once

#include <vector>

#include "sql/duckdb_headers.h"
#include "sql/luma_transaction.h"

namespace luma::sql {

// Entries of other catalogs (built-in functions) and schemas, which hold their members anyway, are
// left out.
std::vector<ObjectId> ObjectIdsOf(LumaTransaction& transaction,
                                  const duckdb::LogicalDependencyList& dependencies);

}  // namespace luma::sql
