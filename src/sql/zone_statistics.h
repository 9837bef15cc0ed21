// The engine's zone maps as the statistics against which DuckDB's table filters test a block.
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

}  // namespace luma::sql
