// Keeps clients from statements that reach outside the database.
#pragma once

#include "base/status.h"
#include "sql/duckdb_headers.h"

namespace luma::sql {

// Errors: kPermissionDenied for files, other databases, extensions, secrets and global settings;
// also inside EXPLAIN and PREPARE.
Status CheckAllowed(const duckdb::SQLStatement& statement);

}  // namespace luma::sql
