// SQL types and how the engine stores them.
//
// Scalar types have one layout in both: an enum is its dictionary index, DECIMAL and UUID are the
// integers DuckDB computes with, BIT and BIGNUM are bytes. LIST, STRUCT, MAP, ARRAY and UNION
// become bytes (nested_values.h).
#pragma once

#include <string>
#include <string_view>

#include "base/column.h"
#include "base/status.h"
#include "sql/duckdb_headers.h"

namespace luma::sql {

// Errors: kUnsupported for types that no column can have (VARIANT, aggregate states).
Result<PhysicalType> StoredTypeOf(const duckdb::LogicalType& type);
// True for types stored through nested_values.h.
bool IsNestedType(const duckdb::LogicalType& type);

// A type as ColumnSchema::logical_type keeps it: SQL text that means the same for ever. A type that
// CREATE TYPE named is written out, so that dropping the name changes no table.
std::string TypeToText(const duckdb::LogicalType& type);
// Throws a DuckDB error when `text` was not written by TypeToText.
duckdb::LogicalType TypeFromText(std::string_view text);

}  // namespace luma::sql
