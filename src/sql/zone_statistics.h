// The engine's zone maps as DuckDB understands them: statistics against which its table filters
// test a block, and values.
#pragma once

#include "sql/duckdb_headers.h"
#include "storage/zone_map.h"

namespace luma::sql {

// True when no row of the block can pass `filter`. Optional filters (of joins and top-N) count too:
// they may be tighter at each call.
bool ExcludesBlock(const duckdb::TableFilter& filter, const storage::ZoneMap& zone,
                   const duckdb::LogicalType& type);

// The zone of a 64-bit integer column whose values are shown multiplied.
storage::ZoneMap ScaledZone(const storage::ZoneMap& zone, int64_t factor);

// The bounds of a column of `type`, for showing them: strings may be cut, or a bit above the
// highest one. Null when there is none, when it is cut inside a letter, for SQLNULL, and for types
// other than text that are stored as bytes.
duckdb::Value MinValue(const storage::ZoneMap& zone, const duckdb::LogicalType& type);
duckdb::Value MaxValue(const storage::ZoneMap& zone, const duckdb::LogicalType& type);

}  // namespace luma::sql
