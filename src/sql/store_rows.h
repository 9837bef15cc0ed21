// The rows of schema luma_storage, made from the engine's reports (storage/store_report.h).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "sql/duckdb_headers.h"
#include "storage/engine.h"

namespace luma::sql {

using StoreRow = std::vector<duckdb::Value>;

// Threads: one at a time. Lifetime: it must be gone before the engine is. Errors are thrown.
class StoreRows {
 public:
  virtual ~StoreRows() = default;
  // Nothing at the end. May read a file; holds no lock while it does.
  virtual std::optional<StoreRow> Next() = 0;
};

struct StoreRelation {
  const char* name;
  const char* columns;  // as in CREATE TABLE, in the order of the rows' values
  // The rows as the store is now.
  std::unique_ptr<StoreRows> (*read)(storage::MultiTierStorage& engine);
};
std::span<const StoreRelation> AllStoreRelations();

}  // namespace luma::sql
