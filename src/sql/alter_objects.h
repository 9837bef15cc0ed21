// ALTER and COMMENT ON for every kind of object.
#pragma once

#include "sql/duckdb_headers.h"
#include "sql/luma_catalog.h"

namespace luma::sql {

// Throws DuckDB errors.
void AlterObject(duckdb::ClientContext& context, LumaCatalog& catalog,
                 const storage::CatalogObject& object, duckdb::AlterInfo& info);

}  // namespace luma::sql
