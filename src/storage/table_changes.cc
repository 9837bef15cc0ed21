#include "storage/table_changes.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"
#include "storage/constraint_check.h"
#include "storage/table_policy_options.h"

namespace luma::storage {

namespace {

bool HasUnique(const TableSchema& schema, const std::vector<ColumnId>& columns) {
  return std::ranges::any_of(
      schema.uniques, [&](const UniqueConstraint& unique) { return unique.columns == columns; });
}

}  // namespace

// ---- appends

Status TableChanges::Append(const CatalogObject& object, std::span<const ColumnSpan> columns) {
  LUMA_RETURN_IF_ERROR(CheckColumns(object, columns));
  LUMA_RETURN_IF_ERROR(PrepareKeys(object));
  const uint32_t first = rows_.row_count();
  LUMA_RETURN_IF_ERROR(rows_.Append(*object.table, columns));
  for (Keys& keys : keys_) {
    const Status unique = CheckNewKeys(object, keys, first);
    if (unique.ok()) continue;
    // The statement failed: its rows must not be seen.
    std::vector<uint32_t> added;
    for (uint32_t row = first; row < rows_.row_count(); ++row) added.push_back(row);
    rows_.Delete(added);
    return unique;
  }
  return Status::Ok();
}

Status TableChanges::CheckColumns(const CatalogObject& object,
                                  std::span<const ColumnSpan> columns) const {
  size_t next = 0;
  for (const ColumnSchema& column : object.table->columns) {
    if (column.is_generated()) continue;
    const bool fits = next < columns.size() && columns[next].type == column.physical_type &&
                      columns[next].count == columns[0].count;
    if (!fits) {
      return Status::InvalidArgument("appended columns do not fit the table: table=", object.name,
                                     " column=", column.name);
    }
    if (MustNotBeNull(*object.table, column)) {
      LUMA_RETURN_IF_ERROR(CheckNotNull(object, column, columns[next]));
    }
    ++next;
  }
  if (next == columns.size()) return Status::Ok();
  return Status::InvalidArgument("too many appended columns: table=", object.name,
                                 " columns=", columns.size());
}

Status TableChanges::PrepareKeys(const CatalogObject& object) {
  if (keys_schema_ != object.table) {
    keys_.clear();
    for (const UniqueConstraint& constraint : object.table->uniques) {
      LUMA_ASSIGN_OR_RETURN(UniqueIndexes::EntryPtr index, IndexOf(object, constraint));
      keys_.push_back({LocalKeys(*object.table, constraint, engine_.budget), std::move(index)});
    }
    keys_schema_ = object.table;
  }
  for (Keys& keys : keys_) LUMA_RETURN_IF_ERROR(keys.local.CatchUp(rows_));
  return Status::Ok();
}

Result<UniqueIndexes::EntryPtr> TableChanges::IndexOf(const CatalogObject& object,
                                                      const UniqueConstraint& constraint) const {
  if (base_object_ == nullptr) return UniqueIndexes::EntryPtr();
  if (!HasUnique(*base_object_->table, constraint.columns)) {
    // Being added: private, because it may never be committed. A commit that changes rows
    // meanwhile is a conflict, so this snapshot is all it needs to cover.
    auto added = std::make_shared<UniqueIndexes::Entry>(constraint.columns, engine_.budget);
    if (base_ != nullptr) {
      LUMA_RETURN_IF_ERROR(UniqueIndexes::AddVersion(added->index, *object.table, *base_));
    }
    return added;
  }
  const HeadWhile head_while = [this](const std::function<void()>& work) {
    return engine_.pipeline.HeadWhile(work);
  };
  LUMA_ASSIGN_OR_RETURN(
      UniqueIndexes::EntryPtr entry,
      engine_.indexes.Get(object.id, *object.table, constraint.columns, head_while));
  if (base_ != nullptr && state_version_ < entry->covers_from) {
    LUMA_RETURN_IF_ERROR(UniqueIndexes::AddVersion(entry->index, *object.table, *base_));
  }
  return entry;
}

Status TableChanges::CheckNewKeys(const CatalogObject& object, Keys& keys, uint32_t first) {
  LUMA_RETURN_IF_ERROR(keys.local.CatchUp(rows_));
  if (first == rows_.row_count()) return Status::Ok();
  std::optional<KeyLookup> lookup;
  if (keys.index != nullptr && sees_committed()) {
    lookup.emplace(keys.index->index, *object.table, *base_, &deletes_);
  }
  const RunVersionPtr version = rows_.Version();
  const auto columns = KeyColumns(*object.table, keys.local.constraint().columns);
  for (uint32_t block = FindBlock(*version, first); block < version->block_count(); ++block) {
    LUMA_ASSIGN_OR_RETURN(const KeyBlocks values, ReadKeyBlocks(*version, columns, block));
    const uint32_t start = version->BlockStart(block);
    for (uint32_t row = std::max(first, start) - start; row < version->BlockRows(block); ++row) {
      const std::optional<uint64_t> hash = keys.local.hashes()[start + row];
      if (!hash) continue;
      bool found = keys.local.Find(rows_, *hash, values, row, start + row).has_value();
      if (!found && lookup) {
        LUMA_ASSIGN_OR_RETURN(const auto committed, lookup->Find(*hash, values, row));
        found = committed.has_value();
      }
      if (found) return DuplicateKey(keys.local.constraint());
    }
  }
  return Status::Ok();
}

// ---- deletes

Result<uint64_t> TableChanges::Delete(std::span<const RowId> rows) {
  std::map<RunId, std::vector<uint32_t>> by_run;
  for (const RowId row : rows) by_run[RunOf(row)].push_back(PositionOf(row));
  uint64_t count = 0;
  for (const auto& [run, positions] : by_run) {
    if (run == kTransactionRunId) {
      const auto is_known = [&](uint32_t position) { return position < rows_.row_count(); };
      if (!std::ranges::all_of(positions, is_known)) {
        return Status::InvalidArgument("row does not exist: run=own");
      }
      count += rows_.Delete(positions);
    } else {
      LUMA_ASSIGN_OR_RETURN(const uint64_t deleted, DeleteCommitted(run, positions));
      count += deleted;
    }
  }
  return count;
}

Result<uint64_t> TableChanges::DeleteCommitted(RunId id, std::span<const uint32_t> positions) {
  const RunVersionPtr run = sees_committed() ? base_->Find(id) : nullptr;
  if (run == nullptr) return uint64_t{0};
  const auto old = deletes_.find(id);
  auto deletes = old == deletes_.end() ? std::make_shared<DeleteBitmap>()
                                       : std::make_shared<DeleteBitmap>(*old->second);
  uint64_t count = 0;
  for (const uint32_t position : positions) {
    if (position >= run->row_count()) {
      return Status::InvalidArgument("row does not exist: run=", static_cast<uint32_t>(id),
                                     " position=", position);
    }
    if (!run->IsDeleted(position) && deletes->Add(position)) ++count;
  }
  if (count == 0) return count;
  LUMA_RETURN_IF_ERROR(CheckNotDeletedSince(id, *deletes));
  deletes_[id] = std::move(deletes);
  return count;
}

Status TableChanges::CheckNotDeletedSince(RunId id, const DeleteBitmap& deletes) const {
  const TableVersionPtr now = engine_.states.Published()->Find(base_object_->id);
  if (now == base_) return Status::Ok();
  const RunVersionPtr run = now == nullptr ? nullptr : now->Find(id);
  const bool in_place = run != nullptr && run->run()->layout() == base_->Find(id)->run()->layout();
  if (in_place && (run->deletes() == nullptr || !run->deletes()->Intersects(deletes))) {
    return Status::Ok();
  }
  return Status::Conflict("could not serialize access due to concurrent delete or update");
}

void TableChanges::Truncate() {
  truncated_ = true;
  deletes_.clear();
  rows_.Clear();
  keys_.clear();
  keys_schema_ = nullptr;
}

// ---- reads

TableSnapshotPtr TableChanges::Read(const CatalogObjectPtr& object) const {
  std::vector<std::shared_ptr<const RunView>> runs;
  if (sees_committed()) runs = base_->Views();
  for (auto& view : runs) {
    const auto deletes = deletes_.find(view->id());
    if (deletes == deletes_.end()) continue;
    const auto& run = static_cast<const RunVersion&>(*view);
    view = std::make_shared<const RunVersion>(run.run(), run.row_count(),
                                              Union(run.deletes(), deletes->second));
  }
  if (rows_.row_count() > 0) runs.push_back(rows_.Version());
  return std::make_shared<const TableSnapshot>(object, std::move(runs));
}

Result<std::vector<std::optional<RowId>>> TableChanges::FindKeys(
    const CatalogObject& object, const UniqueConstraint& constraint,
    std::span<const ColumnSpan> key_columns) {
  LUMA_RETURN_IF_ERROR(PrepareKeys(object));
  const auto keys = std::ranges::find_if(
      keys_, [&](const Keys& of) { return of.local.constraint().columns == constraint.columns; });
  LUMA_CHECK(keys != keys_.end());
  KeyBlocks wanted;
  for (const ColumnSpan& span : key_columns) wanted.push_back(FlatBlock(span));
  std::optional<KeyLookup> lookup;
  if (keys->index != nullptr && sees_committed()) {
    lookup.emplace(keys->index->index, *object.table, *base_, &deletes_);
  }
  std::vector<std::optional<RowId>> found(key_columns[0].count);
  for (uint32_t row = 0; row < found.size(); ++row) {
    const std::optional<uint64_t> hash = HashKey(wanted, row);
    if (!hash) continue;
    if (const auto own = keys->local.Find(rows_, *hash, wanted, row, UINT32_MAX)) {
      found[row] = MakeRowId(kTransactionRunId, *own);
    } else if (lookup) {
      LUMA_ASSIGN_OR_RETURN(found[row], lookup->Find(*hash, wanted, row));
    }
  }
  return found;
}

// ---- definition and end

Status TableChanges::Alter(const CatalogObject& before, const CatalogObjectPtr& after) {
  if (before.table == after->table) return Status::Ok();  // a new name or comment
  if (DifferOnlyInOptions(before, *after)) return Status::Ok();
  const TableSnapshotPtr table = Read(after);
  for (const ColumnSchema& column : after->table->columns) {
    const ColumnSchema* const old = before.table->FindColumn(column.id);
    const bool was_checked = old != nullptr && MustNotBeNull(*before.table, *old);
    if (column.is_generated() || was_checked || !MustNotBeNull(*after->table, column)) continue;
    LUMA_RETURN_IF_ERROR(CheckNoNulls(*table, column));
  }
  for (const UniqueConstraint& unique : after->table->uniques) {
    if (HasUnique(*before.table, unique.columns)) continue;
    LUMA_RETURN_IF_ERROR(CheckUnique(*table, *after->table, unique));
  }
  LUMA_RETURN_IF_ERROR(rows_.ChangeColumns(*after->table));
  has_new_rules_ = true;
  return Status::Ok();
}

Result<TableWrite> TableChanges::Finish(const CatalogObject& object) {
  TableWrite write;
  write.table = object.id;
  write.truncate = truncated_;
  write.object = base_object_;
  write.version = base_;
  write.needs_same_rows = truncated_ || has_new_rules_;
  for (const auto& [id, deletes] : deletes_) write.deletes.emplace_back(base_->Find(id), deletes);
  if (!rows_.has_live_rows()) return write;
  if (rows_.deletes() != nullptr) {
    LUMA_RETURN_IF_ERROR(rows_.Compact());
    keys_schema_ = nullptr;  // positions have changed
  }
  LUMA_RETURN_IF_ERROR(PrepareKeys(object));
  write.rows = rows_.run();
  write.row_count = rows_.row_count();
  write.string_bytes = rows_.string_bytes();
  for (const Keys& keys : keys_) {
    write.keys.push_back({keys.local.constraint(), keys.index, keys.local.hashes()});
  }
  return write;
}

}  // namespace luma::storage
