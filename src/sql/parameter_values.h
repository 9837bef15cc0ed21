// Parameters as clients send them, and fields of COPY, as DuckDB values.
#pragma once

#include <string_view>

#include "base/status.h"
#include "sql/database.h"
#include "sql/duckdb_headers.h"

namespace luma::sql {

// Text in PostgreSQL's form for `type`. Errors: kInvalidArgument 22P02 and the like.
Result<duckdb::Value> ValueFromText(duckdb::ClientContext& context, std::string_view text,
                                    const duckdb::LogicalType& type);

// A parameter in either format. `type` is what the statement expects; a binary value is decoded by
// `oid`, which the client declared or was told, and then cast. Errors: kInvalidArgument 22P03 for
// bytes that are not of that type, 22021 for text that is not UTF-8 or holds a zero byte,
// kUnsupported for binary forms that are not known.
Result<duckdb::Value> ValueFromParameter(duckdb::ClientContext& context, const Parameter& parameter,
                                         uint32_t oid, const duckdb::LogicalType& type);

}  // namespace luma::sql
