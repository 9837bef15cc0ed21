// Values in PostgreSQL's text form, for the types that a ResultBatch carries as text.
#pragma once

#include <string>

#include "sql/duckdb_headers.h"

namespace luma::sql {

// `value` is not null. Arrays as {1,2,NULL}; STRUCT, MAP and UNION as JSON.
std::string RenderText(const duckdb::Value& value);

}  // namespace luma::sql
