// What the server stores data in: the engine and what is built on it, opened in order and closed in
// the opposite one.
#pragma once

#include <memory>
#include <vector>

#include "base/metrics.h"
#include "base/status.h"
#include "io/file_system.h"
#include "io/object_store.h"
#include "server/config.h"
#include "server/promql_for_sql.h"
#include "sql/database.h"
#include "storage/backup/log_archive.h"
#include "storage/engine.h"
#include "storage/metrics/metrics_store.h"

namespace luma::server {

// What the engine is opened with. Errors: those of [cold].
Result<storage::EngineOptions> EngineOptionsOf(const Config& config);

// The directory of retired series.
io::Path SeriesDirectoryOf(const Config& config);

// Threads: Open and Close from one thread; the parts as they say themselves.
class Store {
 public:
  // Recovers what is in [general] data_dir. Blocks for it. Errors: those of the parts.
  static Result<std::unique_ptr<Store>> Open(const Config& config);
  ~Store();  // Close(), logging an error

  // Takes over the retention of `config`. Errors: kSyntaxError and the like for a rule that a
  // configuration would not have been read with; nothing has changed then.
  Status ConfigureRetention(const Config& config);
  // The same for limits of series. Those that are there stay, however many.
  void ConfigureLimits(const Config& config);
  // The same for downsampling.
  Status ConfigureDownsampling(const Config& config);

  // No part is used any more when this is called. Idempotent.
  Status Close();

  storage::MultiTierStorage& engine() { return *engine_; }
  storage::MetricsStore& metrics() { return *metrics_; }
  sql::Database& database() { return *database_; }

 private:
  Store() = default;
  Status StartArchive(const Config& config);
  Status OpenDatabase(const Config& config);

  std::unique_ptr<io::ObjectStore> archive_store_;  // of [wal] archive, if there is one
  std::unique_ptr<storage::MultiTierStorage> engine_;
  std::unique_ptr<storage::LogArchive> archive_;
  std::unique_ptr<storage::MetricsStore> metrics_;
  std::unique_ptr<PromqlForSql> promql_;
  std::unique_ptr<sql::Database> database_;
  std::vector<MetricsRegistry::Callback> store_metrics_;
  std::vector<MetricsRegistry::Callback> cardinality_metrics_;
  std::vector<MetricsRegistry::Callback> archive_metrics_;
};

}  // namespace luma::server
