// Keeps clients from statements that reach outside the database, and from relations that the server
// makes up.
#pragma once

#include <string>

#include "base/status.h"
#include "sql/duckdb_headers.h"

namespace luma::sql {

// Errors: kPermissionDenied for files, other databases, extensions, secrets and global settings,
// and for changes in the schemas metrics and luma_storage; also inside EXPLAIN and PREPARE.
Status CheckAllowed(const duckdb::SQLStatement& statement);
// For a change of something in `schema`, which may be empty. kPermissionDenied for the schemas
// whose views the server makes up; DuckDB would say that a view is not a table.
Status CheckChangeIn(const std::string& schema);

}  // namespace luma::sql
