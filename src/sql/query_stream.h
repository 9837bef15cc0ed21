// The results of statements: rows streamed from DuckDB, or a few made here.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sql/database.h"
#include "sql/duckdb_headers.h"

namespace luma::sql {

class LumaConnection;

// Rows of `result` as they are computed; for statements that only change rows, their count.
// `connection` outlives it.
std::unique_ptr<ResultStream> StreamQuery(LumaConnection& connection,
                                          duckdb::unique_ptr<duckdb::QueryResult> result);

// No rows and no columns.
std::unique_ptr<ResultStream> EmptyStream();

// Text columns `names`, and `rows` of as many values.
std::unique_ptr<ResultStream> TextStream(std::vector<std::string> names,
                                         std::vector<std::vector<std::string>> rows);

std::vector<ResultColumn> ResultColumnsOf(const duckdb::vector<duckdb::string>& names,
                                          const duckdb::vector<duckdb::LogicalType>& types);

}  // namespace luma::sql
