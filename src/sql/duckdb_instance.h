// Opening DuckDB over the engine: version check, limits, our catalog as the default database, our
// functions in place of those that assume DuckDB's own storage, and the lock-down.
#pragma once

#include <memory>

#include "base/status.h"
#include "sql/database.h"
#include "sql/duckdb_headers.h"

namespace luma::sql {

// Errors: kInternal when the library is not exactly the version of the headers this was compiled
// with. The C++ interface has no promise across versions, not even patch releases.
Status CheckDuckDbVersion();

// The instance holds no state that matters: it may be dropped and opened anew at any time (10 ms).
// Errors: those of CheckDuckDbVersion.
Result<std::shared_ptr<duckdb::DuckDB>> OpenInstance(const DatabaseOptions& options,
                                                     storage::MultiTierStorage& engine);

}  // namespace luma::sql
