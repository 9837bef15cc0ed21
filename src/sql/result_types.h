// DuckDB types as PostgreSQL types: OIDs, modifiers and how values travel in a ResultBatch.
//
//   BOOLEAN 16  BLOB 17  BIGINT, UINTEGER 20  SMALLINT, TINYINT, UTINYINT 21  INTEGER, USMALLINT 23
//   VARCHAR, ENUM 25  JSON, STRUCT, MAP, UNION 114  FLOAT 700  DOUBLE 701  DATE 1082  TIME 1083
//   TIMESTAMP (every unit) 1114  TIMESTAMPTZ 1184  INTERVAL 1186  TIMETZ 1266  BIT 1560
//   DECIMAL, HUGEINT, UHUGEINT, UBIGINT, BIGNUM 1700  UUID 2950  LIST, ARRAY the element's array
//   type
#pragma once

#include <cstdint>
#include <string>

#include "sql/database.h"
#include "sql/duckdb_headers.h"

namespace luma::sql {

ResultColumn ResultColumnOf(const std::string& name, const duckdb::LogicalType& type);
uint32_t TypeOid(const duckdb::LogicalType& type);
// The type a client means by an OID in Parse or Bind; INVALID for 0 and for OIDs not known here.
duckdb::LogicalType TypeOfOid(uint32_t oid);

}  // namespace luma::sql
