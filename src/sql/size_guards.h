// Bounds for functions whose results are as large as an argument says. DuckDB allocates those
// outside of its memory limit and cannot be interrupted meanwhile: one call could end the server.
#pragma once

#include "sql/duckdb_headers.h"

namespace luma::sql {

// What one call may make for all rows of a vector together, and of DuckDB's memory limit.
inline constexpr double kGuardedBytesMax = 256.0 * (1 << 20);
inline constexpr double kGuardedShareMax = 0.5;

// Makes repeat, lpad, rpad, list_resize, and range and generate_series as lists refuse to make more
// (54000). Throws.
void GuardSizesOfResults(duckdb::DatabaseInstance& database);

}  // namespace luma::sql
