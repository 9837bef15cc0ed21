// The engine's catalog as DuckDB sees it. Nothing lives here but a cache: every entry is made from
// an immutable CatalogObject version and shared by the transactions that see that version.
#pragma once

#include <memory>
#include <unordered_map>

#include "base/mutex.h"
#include "sql/duckdb_headers.h"
#include "sql/luma_transaction.h"
#include "sql/metric_relations.h"
#include "sql/promql_engine.h"
#include "storage/engine.h"
#include "storage/metrics/series_directory.h"

namespace luma::sql {

inline constexpr const char* kStorageTypeName = "luma";  // of the storage extension
inline constexpr const char* kDatabaseName = "lumadb";   // differs from every built-in schema
inline constexpr const char* kDefaultSchemaName = "public";

class LumaSchemaEntry;

// What knows about metrics besides their tables. Either may be missing: then there is no promql(),
// and scans are not pruned by labels. Lifetime: as the engine's.
struct MetricsAccess {
  const storage::SeriesDirectory* series = nullptr;
  const PromqlEngine* promql = nullptr;
};

// An entry's CatalogEntry::oid is the engine's object id.
inline ObjectId ObjectIdOf(const duckdb::CatalogEntry& entry) {
  return static_cast<ObjectId>(entry.oid);
}

// Threads: any. Lifetime: the engine outlives it. Errors are thrown.
class LumaCatalog final : public duckdb::Catalog {
 public:
  LumaCatalog(duckdb::AttachedDatabase& attached, storage::MultiTierStorage& engine,
              MetricsAccess metrics);
  ~LumaCatalog() override;

  storage::MultiTierStorage& engine() { return engine_; }
  MetricRelations& metrics() { return metrics_; }
  const MetricsAccess& metrics_access() const { return metrics_access_; }

  // The entry of one object version, pinned by `transaction`; null for kinds that have no entry.
  duckdb::optional_ptr<duckdb::CatalogEntry> EntryOf(LumaTransaction& transaction,
                                                     const storage::CatalogObjectPtr& object)
      LUMA_EXCLUDES(mutex_);
  // Lives as long as the catalog: DuckDB compares schemas by address.
  LumaSchemaEntry& SchemaOf(const storage::CatalogObject& schema) LUMA_EXCLUDES(mutex_);

  // ---- duckdb::Catalog
  void Initialize(bool) override {}
  duckdb::string GetCatalogType() override { return kStorageTypeName; }
  duckdb::string GetDefaultSchema() const override { return kDefaultSchemaName; }
  bool InMemory() override { return true; }
  duckdb::string GetDBPath() override { return ""; }
  duckdb::DatabaseSize GetDatabaseSize(duckdb::ClientContext& context) override;

  // "main" is another name of "public", for SQL written for DuckDB.
  duckdb::optional_ptr<duckdb::SchemaCatalogEntry> LookupSchema(
      duckdb::CatalogTransaction transaction, const duckdb::EntryLookupInfo& schema_lookup,
      duckdb::OnEntryNotFound if_not_found) override;
  void ScanSchemas(duckdb::ClientContext& context,
                   std::function<void(duckdb::SchemaCatalogEntry&)> callback) override;
  duckdb::optional_ptr<duckdb::CatalogEntry> CreateSchema(duckdb::CatalogTransaction transaction,
                                                          duckdb::CreateSchemaInfo& info) override;

  // ---- plans of data changes: dml_plans.cc
  duckdb::PhysicalOperator& PlanCreateTableAs(duckdb::ClientContext& context,
                                              duckdb::PhysicalPlanGenerator& planner,
                                              duckdb::LogicalCreateTable& op,
                                              duckdb::PhysicalOperator& plan) override;
  duckdb::PhysicalOperator& PlanInsert(
      duckdb::ClientContext& context, duckdb::PhysicalPlanGenerator& planner,
      duckdb::LogicalInsert& op, duckdb::optional_ptr<duckdb::PhysicalOperator> plan) override;
  duckdb::PhysicalOperator& PlanDelete(duckdb::ClientContext& context,
                                       duckdb::PhysicalPlanGenerator& planner,
                                       duckdb::LogicalDelete& op,
                                       duckdb::PhysicalOperator& plan) override;
  duckdb::PhysicalOperator& PlanUpdate(duckdb::ClientContext& context,
                                       duckdb::PhysicalPlanGenerator& planner,
                                       duckdb::LogicalUpdate& op,
                                       duckdb::PhysicalOperator& plan) override;
  duckdb::PhysicalOperator& PlanMergeInto(duckdb::ClientContext& context,
                                          duckdb::PhysicalPlanGenerator& planner,
                                          duckdb::LogicalMergeInto& op,
                                          duckdb::PhysicalOperator& plan) override;

  // ---- indexes and keys: create_index.cc
  duckdb::unique_ptr<duckdb::LogicalOperator> BindCreateIndex(
      duckdb::Binder& binder, duckdb::CreateStatement& stmt, duckdb::TableCatalogEntry& table,
      duckdb::unique_ptr<duckdb::LogicalOperator> plan) override;
  duckdb::unique_ptr<duckdb::LogicalOperator> BindAlterAddIndex(
      duckdb::Binder& binder, duckdb::TableCatalogEntry& table_entry,
      duckdb::unique_ptr<duckdb::LogicalOperator> plan,
      duckdb::unique_ptr<duckdb::CreateIndexInfo> create_info,
      duckdb::unique_ptr<duckdb::AlterTableInfo> alter_info) override;

 private:
  // `object` is held so that its address, the cache's key, is not reused.
  struct CachedEntry {
    storage::CatalogObjectPtr object;
    std::shared_ptr<duckdb::CatalogEntry> entry;
  };
  static constexpr size_t kCachedEntriesMax = 4096;

  void DropSchema(duckdb::ClientContext& context, duckdb::DropInfo& info) override;
  std::shared_ptr<duckdb::CatalogEntry> FindCached(const storage::CatalogObject* object)
      LUMA_EXCLUDES(mutex_);
  void Remember(const storage::CatalogObjectPtr& object,
                const std::shared_ptr<duckdb::CatalogEntry>& entry) LUMA_EXCLUDES(mutex_);

  storage::MultiTierStorage& engine_;
  const MetricsAccess metrics_access_;
  MetricRelations metrics_;
  Mutex mutex_;
  std::unordered_map<ObjectId, std::unique_ptr<LumaSchemaEntry>> schemas_ LUMA_GUARDED_BY(mutex_);
  std::unordered_map<const storage::CatalogObject*, CachedEntry> entries_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::sql
