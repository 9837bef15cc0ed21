// SQL types in cold files: what type a column is written as, what it is read as, and the way there
// and back. Table: docs/formats/cold_parquet.md.
#pragma once

#include "sql/duckdb_headers.h"

namespace luma::sql {

// The type that DuckDB's Parquet writer gets for a column of `type`.
duckdb::LogicalType WrittenType(const duckdb::LogicalType& type);
// The type that its reader is told to make of the bytes: the stored numbers and strings as they
// are, without the checks and conversions that DuckDB does for types from elsewhere.
duckdb::LogicalType ReadType(const duckdb::LogicalType& type);

// Makes `out`, of WrittenType, the first `count` rows of `values`. Both are flat at the end, and
// all vectors below them; `out` may share memory of `values`. Errors are thrown.
void ToWritten(duckdb::Vector& values, duckdb::idx_t count, duckdb::Vector& out);
// The other way, from a vector of ReadType. Throws for values that ToWritten cannot have made.
void FromRead(duckdb::Vector& values, duckdb::idx_t count, duckdb::Vector& out);

// Makes `out` like `values`, a flat vector of a written type, but every FLOAT and DOUBLE in it is
// null. The writer's analysis is shown this when it must plan no dictionary for them: it would
// merge the NaNs of a column into one, and 0.0 with -0.0.
void HideFloats(duckdb::Vector& values, duckdb::idx_t count, duckdb::Vector& out);

}  // namespace luma::sql
