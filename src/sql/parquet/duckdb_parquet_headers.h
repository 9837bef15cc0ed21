// The headers of DuckDB's Parquet extension, which is linked into its library. They are no public
// interface of DuckDB: CheckDuckDbVersion is what makes their use safe.
#pragma once

#include "sql/duckdb_headers.h"

// After the above: they need it.
#include <thrift/protocol/TCompactProtocol.h>

#include <column_reader.hpp>
#include <column_writer.hpp>
#include <parquet_reader.hpp>
#include <parquet_writer.hpp>
