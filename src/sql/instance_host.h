// Holds the current DuckDB instance and replaces it when it has invalidated itself.
#pragma once

#include <memory>

#include "base/mutex.h"
#include "base/status.h"
#include "sql/database.h"
#include "sql/duckdb_headers.h"

namespace luma::sql {

// Threads: any. Lifetime: the engine outlives it.
class InstanceHost {
 public:
  // Errors: as OpenInstance.
  static Result<std::unique_ptr<InstanceHost>> Open(DatabaseOptions options,
                                                    storage::MultiTierStorage& engine);

  std::shared_ptr<duckdb::DuckDB> Current() LUMA_EXCLUDES(mutex_);
  // Opens a new instance unless somebody has replaced `broken` already. Connections of the old one
  // keep it alive until they have rebuilt theirs.
  Status Replace(const std::shared_ptr<duckdb::DuckDB>& broken) LUMA_EXCLUDES(mutex_);
  storage::MultiTierStorage& engine() { return engine_; }

 private:
  InstanceHost(DatabaseOptions options, storage::MultiTierStorage& engine,
               std::shared_ptr<duckdb::DuckDB> instance)
      : options_(std::move(options)), engine_(engine), instance_(std::move(instance)) {}

  const DatabaseOptions options_;
  storage::MultiTierStorage& engine_;
  Mutex mutex_;
  std::shared_ptr<duckdb::DuckDB> instance_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::sql
