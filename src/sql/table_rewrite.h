// ALTERs that change stored values: the table's rows are read, transformed and written anew within
// the transaction.
#pragma once

#include "sql/duckdb_headers.h"
#include "sql/luma_catalog.h"

namespace luma::sql {

// How one stored column of the new table comes about: from `expression` over the chunk of the old
// table's stored columns, or, when null, from the old column at `old_index`.
struct RewrittenColumn {
  duckdb::unique_ptr<duckdb::Expression> expression;
  duckdb::idx_t old_index = 0;
  duckdb::LogicalType type;
};

// Replaces the definition of `old_version` by `new_version` and its rows by their transformed ones.
// The engine checks NOT NULL and uniqueness of the new rows. Throws.
void RewriteTable(duckdb::ClientContext& context, LumaCatalog& catalog,
                  const storage::CatalogObjectPtr& old_version, storage::CatalogObject new_version,
                  const std::vector<RewrittenColumn>& columns);

}  // namespace luma::sql
