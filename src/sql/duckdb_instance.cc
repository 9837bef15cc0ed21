#include "sql/duckdb_instance.h"

#include <string_view>

#include "sql/builtin_functions.h"
#include "sql/bytea_cast.h"
#include "sql/duckdb_boundary.h"
#include "sql/expression_growth.h"
#include "sql/join_filter_targets.h"
#include "sql/luma_catalog.h"
#include "sql/series_pruning.h"
#include "sql/session_settings.h"
#include "sql/sql_memory.h"

namespace luma::sql {
namespace {

constexpr std::string_view kHeaderVersion = "v1.4.4";

// Of the memory limit; the rest of freed memory goes back to the system at once.
constexpr uint64_t kKeptFreeShare = 8;

// DuckDB bounds its buffers by this part of the memory limit, and spills or refuses above it. What
// else it allocates gets the rest, and is refused above that.
uint64_t BufferBytesMax(const DatabaseOptions& options) {
  return options.memory_limit_bytes / 5 * 4;
}

struct EngineInfo final : duckdb::StorageExtensionInfo {
  EngineInfo(storage::MultiTierStorage& engine_to_use, MetricsAccess metrics_to_use)
      : engine(engine_to_use), metrics(metrics_to_use) {}
  storage::MultiTierStorage& engine;
  const MetricsAccess metrics;
};

EngineInfo& InfoOf(duckdb::optional_ptr<duckdb::StorageExtensionInfo> info) {
  return static_cast<EngineInfo&>(*info);
}

duckdb::unique_ptr<duckdb::Catalog> AttachCatalog(
    duckdb::optional_ptr<duckdb::StorageExtensionInfo> info, duckdb::ClientContext&,
    duckdb::AttachedDatabase& attached, const duckdb::string&, duckdb::AttachInfo&,
    duckdb::AttachOptions&) {
  return duckdb::make_uniq<LumaCatalog>(attached, InfoOf(info).engine, InfoOf(info).metrics);
}

duckdb::unique_ptr<duckdb::TransactionManager> MakeTransactionManager(
    duckdb::optional_ptr<duckdb::StorageExtensionInfo> info, duckdb::AttachedDatabase& attached,
    duckdb::Catalog&) {
  return duckdb::make_uniq<LumaTransactionManager>(attached, InfoOf(info).engine);
}

duckdb::unique_ptr<duckdb::StorageExtension> MakeStorageExtension(
    const DatabaseOptions& options, storage::MultiTierStorage& engine) {
  auto extension = duckdb::make_uniq<duckdb::StorageExtension>();
  extension->attach = AttachCatalog;
  extension->create_transaction_manager = MakeTransactionManager;
  extension->storage_info = duckdb::make_shared_ptr<EngineInfo>(
      engine, MetricsAccess{.series = options.series, .promql = options.promql});
  return extension;
}

void Configure(const DatabaseOptions& options, storage::MultiTierStorage& engine,
               duckdb::DBConfig& config) {
  config.options.database_type = kStorageTypeName;
  config.options.maximum_memory = BufferBytesMax(options);
  if (options.threads > 0) {
    config.options.maximum_threads = static_cast<duckdb::idx_t>(options.threads);
  }
  config.options.temporary_directory = options.temp_dir;
  config.options.use_temporary_directory = !options.temp_dir.empty();
  config.options.maximum_swap_space = options.temp_bytes_max;
  config.allocator = SqlMemory::MakeAllocator();
  // Its own defaults keep up to 512 MiB of freed memory.
  config.options.allocator_flush_threshold = options.memory_limit_bytes / kKeptFreeShare;
  config.options.allocator_bulk_deallocation_flush_threshold =
      options.memory_limit_bytes / kKeptFreeShare;
  config.options.autoload_known_extensions = false;
  config.options.autoinstall_known_extensions = false;
  config.options.allow_unsigned_extensions = false;
  config.options.allow_community_extensions = false;
  config.storage_extensions[kStorageTypeName] = MakeStorageExtension(options, engine);
}

void Run(duckdb::Connection& connection, const std::string& sql) {
  const auto result = connection.Query(sql);
  if (result->HasError()) result->ThrowError();
}

// From here on clients reach neither files nor extensions, and global settings stay as they are.
// Session settings go through session_settings.h, which the lock does not stop.
void LockDown(duckdb::DuckDB& database) {
  duckdb::DBConfig::GetConfig(*database.instance).replacement_scans.clear();  // FROM 'file.csv'
  duckdb::Connection connection(database);
  // PostgreSQL's meanings where the two differ.
  Run(connection, "SET GLOBAL integer_division = true");
  Run(connection, "SET GLOBAL default_null_order = 'nulls_last_on_asc_first_on_desc'");
  Run(connection, "SET GLOBAL enable_view_dependencies = true");
  Run(connection, "SET GLOBAL allow_persistent_secrets = false");
  Run(connection, "SET GLOBAL enable_external_access = false");
  Run(connection, "SET GLOBAL lock_configuration = true");
}

}  // namespace

Status CheckDuckDbVersion() {
  const std::string_view loaded = duckdb::DuckDB::LibraryVersion();
  if (loaded == kHeaderVersion) return Status::Ok();
  return Status::Internal("wrong DuckDB library: expected=", kHeaderVersion, " loaded=", loaded);
}

Result<std::shared_ptr<duckdb::DuckDB>> OpenInstance(const DatabaseOptions& options,
                                                     storage::MultiTierStorage& engine) {
  LUMA_RETURN_IF_ERROR(CheckDuckDbVersion());
  return CallDuckDb([&] {
    SqlMemory::Install();
    SqlMemory::SetLimit(options.memory_limit_bytes);
    engine.budget().CountSql(SqlMemory::used_bytes(), options.memory_limit_bytes);
    duckdb::DBConfig config;
    Configure(options, engine, config);
    auto database = std::make_shared<duckdb::DuckDB>(kDatabaseName, &config);
    auto& opened = duckdb::DBConfig::GetConfig(*database->instance);
    RegisterPostgresSettings(opened);
    RegisterByteaCast(opened);
    opened.optimizer_extensions.push_back(ExpressionGrowthExtension());
    opened.optimizer_extensions.push_back(JoinFilterTargetsExtension());
    opened.optimizer_extensions.push_back(SeriesPruningExtension());
    RegisterBuiltinFunctions(*database->instance);
    LockDown(*database);
    return database;
  });
}

}  // namespace luma::sql
