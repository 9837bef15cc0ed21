// A DuckDB transaction over an engine transaction, and the manager that starts and ends them.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "sql/duckdb_headers.h"
#include "storage/engine.h"

namespace luma::storage {
class SeriesFilter;
}

namespace luma::sql {

// Threads: DuckDB plans and executes one statement with several threads, so every method takes the
// lock that the engine transaction needs; Append alone runs without it, as its contract allows.
// Errors are thrown (duckdb_boundary.h).
class LumaTransaction final : public duckdb::Transaction {
 public:
  LumaTransaction(duckdb::TransactionManager& manager_of, duckdb::ClientContext& client,
                  std::unique_ptr<storage::Transaction> engine_transaction)
      : Transaction(manager_of, client), engine_(std::move(engine_transaction)) {}

  static LumaTransaction& Get(duckdb::ClientContext& client, duckdb::Catalog& catalog);
  static LumaTransaction& Get(duckdb::CatalogTransaction transaction);

  // The table as of the start of the running statement: a statement never sees its own changes, so
  // INSERT ... SELECT from the same table ends and an UPDATE meets each row once.
  storage::TableSnapshotPtr Read(ObjectId table) LUMA_EXCLUDES(mutex_);
  // The table with the changes that the running statement has made so far.
  storage::TableSnapshotPtr ReadNow(ObjectId table) LUMA_EXCLUDES(mutex_);

  // Series that the running statement has asked the index for, by the key of the matchers: its
  // scans share them. Null when nothing is kept.
  std::shared_ptr<const storage::SeriesFilter> FindSeries(const std::string& matchers)
      LUMA_EXCLUDES(mutex_);
  void KeepSeries(const std::string& matchers, std::shared_ptr<const storage::SeriesFilter> series)
      LUMA_EXCLUDES(mutex_);

  storage::CatalogObjectPtr Find(ObjectId id) LUMA_EXCLUDES(mutex_);
  storage::CatalogObjectPtr Find(ObjectId schema, storage::NameSpace space, std::string_view name)
      LUMA_EXCLUDES(mutex_);
  std::vector<storage::CatalogObjectPtr> List(ObjectId schema, storage::ObjectKind kind)
      LUMA_EXCLUDES(mutex_);
  std::vector<storage::CatalogObjectPtr> Dependents(ObjectId id) LUMA_EXCLUDES(mutex_);

  ObjectId Create(storage::CatalogObject object) LUMA_EXCLUDES(mutex_);
  void Alter(storage::CatalogObject object) LUMA_EXCLUDES(mutex_);
  void Drop(ObjectId id) LUMA_EXCLUDES(mutex_);

  void Append(ObjectId table, std::span<const ColumnSpan> columns);
  void Append(ObjectId table, storage::RowBuffer rows);
  uint64_t Delete(ObjectId table, std::span<const storage::RowId> rows) LUMA_EXCLUDES(mutex_);
  void Truncate(ObjectId table) LUMA_EXCLUDES(mutex_);
  std::vector<std::optional<storage::RowId>> FindKeys(ObjectId table, size_t constraint,
                                                      std::span<const ColumnSpan> keys)
      LUMA_EXCLUDES(mutex_);

  int64_t NextValue(ObjectId sequence) LUMA_EXCLUDES(mutex_);
  int64_t CurrentValue(ObjectId sequence) LUMA_EXCLUDES(mutex_);
  void SetValue(ObjectId sequence, int64_t value, bool is_called) LUMA_EXCLUDES(mutex_);

  // Entries of object versions that plans of this transaction may point at, kept alive until its
  // end. Null when `object` has none yet.
  duckdb::optional_ptr<duckdb::CatalogEntry> FindEntry(const storage::CatalogObjectPtr& object)
      LUMA_EXCLUDES(mutex_);
  void KeepEntry(const storage::CatalogObjectPtr& object,
                 std::shared_ptr<duckdb::CatalogEntry> entry) LUMA_EXCLUDES(mutex_);

  Status Commit() LUMA_EXCLUDES(mutex_);
  void Rollback() LUMA_EXCLUDES(mutex_);

 private:
  void ForgetEarlierStatements() LUMA_REQUIRES(mutex_);

  Mutex mutex_;
  const std::unique_ptr<storage::Transaction> engine_;  // Append runs unlocked
  duckdb::transaction_t snapshots_of_query_ LUMA_GUARDED_BY(mutex_) = 0;
  std::unordered_map<ObjectId, storage::TableSnapshotPtr> snapshots_ LUMA_GUARDED_BY(mutex_);
  std::unordered_map<std::string, std::shared_ptr<const storage::SeriesFilter>> series_
      LUMA_GUARDED_BY(mutex_);
  std::unordered_map<storage::CatalogObjectPtr, std::shared_ptr<duckdb::CatalogEntry>> entries_
      LUMA_GUARDED_BY(mutex_);
};

// Threads: any. Lifetime: the engine outlives it.
class LumaTransactionManager final : public duckdb::TransactionManager {
 public:
  LumaTransactionManager(duckdb::AttachedDatabase& attached, storage::MultiTierStorage& engine)
      : TransactionManager(attached), engine_(engine) {}

  duckdb::Transaction& StartTransaction(duckdb::ClientContext& context) override;
  // Durable when it returns no error. Blocks on the log.
  duckdb::ErrorData CommitTransaction(duckdb::ClientContext& context,
                                      duckdb::Transaction& transaction) override;
  void RollbackTransaction(duckdb::Transaction& transaction) override;
  void Checkpoint(duckdb::ClientContext& context, bool force) override;

 private:
  std::unique_ptr<LumaTransaction> Take(duckdb::Transaction& transaction) LUMA_EXCLUDES(mutex_);

  storage::MultiTierStorage& engine_;
  Mutex mutex_;
  std::unordered_map<duckdb::Transaction*, std::unique_ptr<LumaTransaction>> open_
      LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::sql
