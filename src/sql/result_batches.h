// DuckDB's result chunks as ResultBatches.
#pragma once

#include <memory>

#include "sql/database.h"
#include "sql/duckdb_headers.h"

namespace luma::sql {

// Takes over `chunk`; columns whose layouts agree are not copied. May throw.
std::shared_ptr<const ResultBatch> ToResultBatch(duckdb::unique_ptr<duckdb::DataChunk> chunk);

}  // namespace luma::sql
