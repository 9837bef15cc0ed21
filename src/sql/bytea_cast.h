// Text to BLOB: DuckDB's '\xAA\xBB' and PostgreSQL's '\xaabb'.
#pragma once

#include "sql/duckdb_headers.h"

namespace luma::sql {

void RegisterByteaCast(duckdb::DBConfig& config);

}  // namespace luma::sql
