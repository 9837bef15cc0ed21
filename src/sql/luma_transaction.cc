#include "sql/luma_transaction.h"

#include "sql/duckdb_boundary.h"
#include "sql/session_state.h"

namespace luma::sql {

namespace {

// The engine has one code for every name that is taken; PostgreSQL has one for each kind.
Status NameTaken(const Status& status, storage::ObjectKind kind, const std::string& name) {
  if (status.code() != StatusCode::kAlreadyExists) return status;
  switch (storage::NameSpaceOf(kind)) {
    case storage::NameSpace::kSchema:
      return Status::AlreadyExists("schema \"", name, "\" already exists").WithSqlState("42P06");
    case storage::NameSpace::kRelation:
      return Status::AlreadyExists("relation \"", name, "\" already exists").WithSqlState("42P07");
    case storage::NameSpace::kType:
      return Status::AlreadyExists("type \"", name, "\" already exists").WithSqlState("42710");
    case storage::NameSpace::kMacro:
      return Status::AlreadyExists("function \"", name, "\" already exists").WithSqlState("42723");
  }
  return status;
}

}  // namespace

LumaTransaction& LumaTransaction::Get(duckdb::ClientContext& client, duckdb::Catalog& catalog) {
  return Transaction::Get(client, catalog).Cast<LumaTransaction>();
}

LumaTransaction& LumaTransaction::Get(duckdb::CatalogTransaction transaction) {
  if (!transaction.transaction) {
    throw duckdb::InvalidInputException("the catalog can be read in a transaction only");
  }
  return transaction.transaction->Cast<LumaTransaction>();
}

void LumaTransaction::ForgetEarlierStatements() {
  const duckdb::transaction_t query = active_query.load();
  if (query == snapshots_of_query_) return;
  snapshots_.clear();
  series_.clear();
  snapshots_of_query_ = query;
}

storage::TableSnapshotPtr LumaTransaction::Read(ObjectId table) {
  MutexLock lock(mutex_);
  ForgetEarlierStatements();
  auto& snapshot = snapshots_[table];
  if (!snapshot) snapshot = ValueOrThrow(engine_->Read(table));
  return snapshot;
}

storage::TableSnapshotPtr LumaTransaction::ReadNow(ObjectId table) {
  MutexLock lock(mutex_);
  return ValueOrThrow(engine_->Read(table));
}

std::shared_ptr<const storage::SeriesFilter> LumaTransaction::FindSeries(
    const std::string& matchers) {
  MutexLock lock(mutex_);
  ForgetEarlierStatements();
  const auto found = series_.find(matchers);
  return found == series_.end() ? nullptr : found->second;
}

void LumaTransaction::KeepSeries(const std::string& matchers,
                                 std::shared_ptr<const storage::SeriesFilter> series) {
  MutexLock lock(mutex_);
  ForgetEarlierStatements();
  series_.insert_or_assign(matchers, std::move(series));
}

storage::CatalogObjectPtr LumaTransaction::Find(ObjectId id) {
  MutexLock lock(mutex_);
  return engine_->Catalog().Find(id);
}

storage::CatalogObjectPtr LumaTransaction::Find(ObjectId schema, storage::NameSpace space,
                                                std::string_view name) {
  MutexLock lock(mutex_);
  return engine_->Catalog().Find(schema, space, name);
}

std::vector<storage::CatalogObjectPtr> LumaTransaction::List(ObjectId schema,
                                                             storage::ObjectKind kind) {
  MutexLock lock(mutex_);
  std::vector<storage::CatalogObjectPtr> objects;
  engine_->Catalog().ForEach(
      schema, kind, [&](const storage::CatalogObjectPtr& object) { objects.push_back(object); });
  return objects;
}

std::vector<storage::CatalogObjectPtr> LumaTransaction::Dependents(ObjectId id) {
  MutexLock lock(mutex_);
  return engine_->Catalog().Dependents(id);
}

ObjectId LumaTransaction::Create(storage::CatalogObject object) {
  MutexLock lock(mutex_);
  const storage::ObjectKind kind = object.kind;
  const std::string name = object.name;
  auto created = engine_->CreateObject(std::move(object));
  if (!created.ok()) ThrowStatus(NameTaken(created.status(), kind, name));
  return *created;
}

void LumaTransaction::Alter(storage::CatalogObject object) {
  MutexLock lock(mutex_);
  snapshots_.clear();
  const storage::ObjectKind kind = object.kind;
  const std::string name = object.name;
  ThrowIfError(NameTaken(engine_->AlterObject(std::move(object)), kind, name));
}

void LumaTransaction::Drop(ObjectId id) {
  MutexLock lock(mutex_);
  ThrowIfError(engine_->DropObject(id));
}

void LumaTransaction::Append(ObjectId table, std::span<const ColumnSpan> columns) {
  ThrowIfError(engine_->Append(table, columns));
}

void LumaTransaction::Append(ObjectId table, storage::RowBuffer rows) {
  ThrowIfError(engine_->Append(table, std::move(rows)));
}

uint64_t LumaTransaction::Delete(ObjectId table, std::span<const storage::RowId> rows) {
  MutexLock lock(mutex_);
  return ValueOrThrow(engine_->Delete(table, rows));
}

void LumaTransaction::Truncate(ObjectId table) {
  MutexLock lock(mutex_);
  ThrowIfError(engine_->Truncate(table));
}

std::vector<std::optional<storage::RowId>> LumaTransaction::FindKeys(
    ObjectId table, size_t constraint, std::span<const ColumnSpan> keys) {
  MutexLock lock(mutex_);
  return ValueOrThrow(engine_->FindKeys(table, constraint, keys));
}

int64_t LumaTransaction::NextValue(ObjectId sequence) {
  MutexLock lock(mutex_);
  return ValueOrThrow(engine_->NextValue(sequence));
}

int64_t LumaTransaction::CurrentValue(ObjectId sequence) {
  MutexLock lock(mutex_);
  return ValueOrThrow(engine_->CurrentValue(sequence));
}

void LumaTransaction::SetValue(ObjectId sequence, int64_t value, bool is_called) {
  MutexLock lock(mutex_);
  ThrowIfError(engine_->SetValue(sequence, value, is_called));
}

duckdb::optional_ptr<duckdb::CatalogEntry> LumaTransaction::FindEntry(
    const storage::CatalogObjectPtr& object) {
  MutexLock lock(mutex_);
  const auto found = entries_.find(object);
  return found == entries_.end() ? nullptr : found->second.get();
}

void LumaTransaction::KeepEntry(const storage::CatalogObjectPtr& object,
                                std::shared_ptr<duckdb::CatalogEntry> entry) {
  MutexLock lock(mutex_);
  entries_.try_emplace(object, std::move(entry));
}

Status LumaTransaction::Commit() {
  MutexLock lock(mutex_);
  snapshots_.clear();
  return engine_->Commit();
}

void LumaTransaction::Rollback() {
  MutexLock lock(mutex_);
  snapshots_.clear();
  engine_->Rollback();
}

duckdb::Transaction& LumaTransactionManager::StartTransaction(duckdb::ClientContext& context) {
  auto transaction = std::make_unique<LumaTransaction>(*this, context, engine_.Begin());
  LumaTransaction& started = *transaction;
  MutexLock lock(mutex_);
  open_.emplace(&started, std::move(transaction));
  return started;
}

std::unique_ptr<LumaTransaction> LumaTransactionManager::Take(duckdb::Transaction& transaction) {
  MutexLock lock(mutex_);
  const auto found = open_.find(&transaction);
  auto taken = std::move(found->second);
  open_.erase(found);
  return taken;
}

duckdb::ErrorData LumaTransactionManager::CommitTransaction(duckdb::ClientContext& context,
                                                            duckdb::Transaction& transaction) {
  const Status status = Take(transaction)->Commit();
  if (status.ok()) return duckdb::ErrorData();
  if (SessionState* session = SessionState::Find(context)) session->commit_error = status;
  return ErrorDataOf(status);
}

void LumaTransactionManager::RollbackTransaction(duckdb::Transaction& transaction) {
  Take(transaction)->Rollback();
}

void LumaTransactionManager::Checkpoint(duckdb::ClientContext&, bool) {
  ThrowIfError(engine_.Flush());
}

}  // namespace luma::sql
