#include "storage/transaction_impl.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace luma::storage {
namespace {

uint32_t ToNumber(ObjectId id) { return static_cast<uint32_t>(id); }

// Encoding never makes rows larger than they lie in memory, but for a little per column and block.
uint64_t RecordBytesMax(const std::vector<TableWrite>& writes) {
  uint64_t bytes = 0;
  for (const TableWrite& write : writes) {
    if (write.rows == nullptr) continue;
    uint64_t row_bytes = 0;
    for (const RunColumn& column : *write.rows->columns()) row_bytes += ValueBytes(column.type);
    bytes += write.row_count * row_bytes + write.string_bytes;
  }
  return bytes;
}

}  // namespace

TransactionImpl::TransactionImpl(const EngineParts& engine)
    : engine_(engine), snapshot_(engine.states.Acquire()) {}

bool TransactionImpl::has_changes() const {
  if (overlay_ && overlay_->has_changes()) return true;
  for (const auto& [id, changes] : tables_) {
    if (changes.has_changes()) return true;
  }
  return false;
}

// ---- catalog

const CatalogReader& TransactionImpl::Catalog() const {
  if (overlay_) return *overlay_;
  return *state().catalog();
}

CatalogOverlay& TransactionImpl::Overlay() {
  if (!overlay_) overlay_.emplace(state().catalog());
  return *overlay_;
}

Result<ObjectId> TransactionImpl::CreateObject(CatalogObject object) {
  const ObjectId id{engine_.next_object_id.fetch_add(1)};
  object.id = id;
  const bool is_sequence = object.kind == ObjectKind::kSequence;
  LUMA_RETURN_IF_ERROR(Overlay().Put(std::move(object)));
  if (is_sequence) created_sequences_.push_back(id);
  return id;
}

Status TransactionImpl::AlterObject(CatalogObject object) {
  const ObjectId id = object.id;
  const CatalogObjectPtr before = Catalog().Find(id);
  if (before == nullptr) return Status::NotFound("no such object: id=", ToNumber(id));
  CatalogOverlay changed = Overlay();
  LUMA_RETURN_IF_ERROR(changed.Put(std::move(object)));
  if (before->kind == ObjectKind::kTable) {
    LUMA_RETURN_IF_ERROR(ChangesOf(id).Alter(*before, changed.Find(id)));
  }
  overlay_.emplace(std::move(changed));
  return Status::Ok();
}

Status TransactionImpl::DropObject(ObjectId id) {
  const CatalogObjectPtr object = Catalog().Find(id);
  if (object == nullptr) return Status::NotFound("no such object: id=", ToNumber(id));
  LUMA_RETURN_IF_ERROR(Overlay().Drop(id));
  tables_.erase(id);
  if (object->kind == ObjectKind::kSequence) dropped_sequences_.push_back(id);
  return Status::Ok();
}

Result<CatalogObjectPtr> TransactionImpl::FindTable(ObjectId id) const {
  CatalogObjectPtr object = Catalog().Find(id);
  if (object == nullptr || object->kind != ObjectKind::kTable) {
    return Status::NotFound("no such table: id=", ToNumber(id));
  }
  return object;
}

Result<CatalogObjectPtr> TransactionImpl::FindSequence(ObjectId id) const {
  CatalogObjectPtr object = Catalog().Find(id);
  if (object == nullptr || object->kind != ObjectKind::kSequence) {
    return Status::NotFound("no such sequence: id=", ToNumber(id));
  }
  return object;
}

// ---- rows

TableChanges& TransactionImpl::ChangesOf(ObjectId table) {
  const auto found = tables_.find(table);
  if (found != tables_.end()) return found->second;
  return tables_
      .try_emplace(table, engine_, state().version(), state().catalog()->Find(table),
                   state().Find(table))
      .first->second;
}

// The log may be at its limit, which a flush lifts.
Status TransactionImpl::WatchLog(Status status) const {
  if (status.code() == StatusCode::kDiskFull) engine_.request_flush();
  return status;
}

Status TransactionImpl::Append(ObjectId table, std::span<const ColumnSpan> columns) {
  MutexLock lock(append_mutex_);
  LUMA_ASSIGN_OR_RETURN(const CatalogObjectPtr object, FindTable(table));
  return ChangesOf(table).Append(*object, columns);
}

Status TransactionImpl::Append(ObjectId table, RowBuffer rows) {
  std::vector<ColumnSpan> columns;
  for (size_t i = 0; i < rows.column_count(); ++i) columns.push_back(rows.Column(i));
  return Append(table, columns);
}

Result<uint64_t> TransactionImpl::Delete(ObjectId table, std::span<const RowId> rows) {
  LUMA_RETURN_IF_ERROR(FindTable(table).status());
  return ChangesOf(table).Delete(rows);
}

Status TransactionImpl::Truncate(ObjectId table) {
  LUMA_RETURN_IF_ERROR(FindTable(table).status());
  ChangesOf(table).Truncate();
  return Status::Ok();
}

Result<TableSnapshotPtr> TransactionImpl::Read(ObjectId table) {
  LUMA_ASSIGN_OR_RETURN(CatalogObjectPtr object, FindTable(table));
  const auto changes = tables_.find(table);
  if (changes != tables_.end()) return changes->second.Read(object);
  const TableVersionPtr version = state().Find(table);
  auto runs = version == nullptr ? std::vector<std::shared_ptr<const RunView>>() : version->Views();
  return std::make_shared<const TableSnapshot>(std::move(object), std::move(runs));
}

Result<std::vector<std::optional<RowId>>> TransactionImpl::FindKeys(
    ObjectId table, size_t constraint, std::span<const ColumnSpan> key_columns) {
  LUMA_ASSIGN_OR_RETURN(const CatalogObjectPtr object, FindTable(table));
  if (constraint >= object->table->uniques.size() ||
      object->table->uniques[constraint].columns.size() != key_columns.size()) {
    return Status::InvalidArgument("no such unique constraint: table=", object->name,
                                   " constraint=", constraint);
  }
  return ChangesOf(table).FindKeys(*object, object->table->uniques[constraint], key_columns);
}

// ---- sequences

Sequences::Log TransactionImpl::SequenceLog() const {
  return [this](std::span<const Sequences::Record> records) {
    return engine_.pipeline.LogSequences(records);
  };
}

Result<int64_t> TransactionImpl::NextValue(ObjectId sequence) {
  LUMA_ASSIGN_OR_RETURN(const CatalogObjectPtr object, FindSequence(sequence));
  LUMA_ASSIGN_OR_RETURN(const Sequences::Number number,
                        engine_.sequences.Next(sequence, object->sequence, SequenceLog()));
  sequences_logged_at_ = std::max(sequences_logged_at_, number.logged_at);
  return number.value;
}

Result<int64_t> TransactionImpl::CurrentValue(ObjectId sequence) {
  LUMA_RETURN_IF_ERROR(FindSequence(sequence).status());
  return engine_.sequences.Current(sequence);
}

Status TransactionImpl::SetValue(ObjectId sequence, int64_t value, bool is_called) {
  LUMA_ASSIGN_OR_RETURN(const CatalogObjectPtr object, FindSequence(sequence));
  LUMA_ASSIGN_OR_RETURN(
      const Lsn logged_at,
      engine_.sequences.Set(sequence, object->sequence, value, is_called, SequenceLog()));
  sequences_logged_at_ = std::max(sequences_logged_at_, logged_at);
  return Status::Ok();
}

// ---- end

Result<WriteBatch> TransactionImpl::BuildBatch() {
  WriteBatch batch;
  batch.catalog = state().catalog();
  batch.record_memory = engine_.budget.BookAlways(BudgetUse::kTransactions, 0);
  if (overlay_) batch.catalog_changes = overlay_->Changes();
  std::vector<ObjectId> truncates;
  std::vector<CommitRecord::Delete> deletes;
  std::vector<CommitRecord::Append> appends;
  for (auto& [id, changes] : tables_) {
    if (!changes.has_changes()) continue;
    LUMA_ASSIGN_OR_RETURN(TableWrite write, changes.Finish(*Catalog().Find(id)));
    if (write.truncate) truncates.push_back(id);
    if (write.rows != nullptr) appends.push_back({id, write.rows, write.row_count});
    batch.tables.push_back(std::move(write));
  }
  // Twice: the log copies the record to its buffer.
  LUMA_RETURN_IF_ERROR(batch.record_memory.Grow(2 * RecordBytesMax(batch.tables)));
  // After it: these go without what cannot be booked.
  DeletedContents contents(engine_.budget, batch.record_memory);
  for (const TableWrite& write : batch.tables) {
    LUMA_RETURN_IF_ERROR(AddDeletes(write, contents, deletes));
  }
  batch.record = CommitRecord::Encode(batch.catalog_changes, truncates, deletes, appends);
  return batch;
}

Status TransactionImpl::AddDeletes(const TableWrite& write, DeletedContents& contents,
                                   std::vector<CommitRecord::Delete>& deletes) const {
  for (const auto& [run, positions] : write.deletes) {
    CommitRecord::Delete one{write.table, run->id(), positions, run->run()->layout()};
    if (engine_.logs_deleted_rows && one.layout != 0) {
      LUMA_ASSIGN_OR_RETURN(one.contents, contents.Encode(*write.object, *run, *positions));
    }
    deletes.push_back(std::move(one));
  }
  return Status::Ok();
}

Result<Lsn> TransactionImpl::Submit() {
  if (!has_changes()) return sequences_logged_at_;
  Result<WriteBatch> batch = BuildBatch();
  if (!batch.ok()) return batch.status();
  Result<Lsn> lsn = engine_.pipeline.Submit(*batch);
  if (!lsn.ok()) return WatchLog(lsn.status());
  return lsn;
}

Status TransactionImpl::Commit() {
  LUMA_CHECK(snapshot_.has_value());
  const Result<Lsn> lsn = Submit();
  Status status = lsn.status();
  if (lsn.ok() && *lsn != kNoLsn) status = engine_.pipeline.WaitPublished(*lsn);
  if (status.ok()) CleanUp();
  Rollback();  // of what is left: nothing after a commit
  return status;
}

void TransactionImpl::CommitAsync(std::function<void(Status)> done) {
  LUMA_CHECK(snapshot_.has_value());
  const Result<Lsn> lsn = Submit();
  if (lsn.ok()) CleanUp();
  Rollback();
  if (!lsn.ok() || *lsn == kNoLsn) return done(lsn.status());
  engine_.pipeline.OnPublished(*lsn, std::move(done));
}

void TransactionImpl::CleanUp() {
  for (const ObjectId sequence : dropped_sequences_) engine_.sequences.Drop(sequence);
  created_sequences_.clear();
  for (const auto& [id, changes] : tables_) {
    if (!changes.has_deletes()) continue;
    const DatabaseStatePtr oldest = engine_.states.Oldest();
    for (const auto& entry : engine_.indexes.Of(id)) UniqueIndexes::MaybeSweep(*entry, id, *oldest);
  }
}

void TransactionImpl::Rollback() {
  for (const ObjectId sequence : created_sequences_) engine_.sequences.Drop(sequence);
  created_sequences_.clear();
  tables_.clear();
  overlay_.reset();
  snapshot_.reset();
}

}  // namespace luma::storage
