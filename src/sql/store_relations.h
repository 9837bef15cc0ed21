// Schema luma_storage: what the store is made of, for operators.
//
//   tables  segments  blocks  tiers  wal  compactions  budget  cold  downsampling
//
// Views that are made up here, over one table function each (luma_storage_tables() and so on), as
// CREATE VIEW would make them. They are read-only. A query sees the store as it is when it begins
// to read the relation, not as of its transaction's snapshot.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "sql/duckdb_headers.h"
#include "storage/catalog.h"

namespace luma::sql {

// Every view of the schema. Live as long as the process.
std::span<const storage::CatalogObjectPtr> StoreViews();
// Null when `schema` is another one or has no such view.
storage::CatalogObjectPtr FindStoreView(ObjectId schema, std::string_view name);

std::vector<duckdb::TableFunction> StoreFunctions();

}  // namespace luma::sql
