#include "storage/unique_indexes.h"

#include <algorithm>
#include <utility>

#include "storage/key_lookup.h"

namespace luma::storage {
namespace {

// Below this a sweep is not worth its while; above, half of the index must be garbage.
constexpr uint64_t kRowsGoneMin = 1024;

}  // namespace

UniqueIndexes::EntryPtr UniqueIndexes::Find(ObjectId table,
                                            const std::vector<ColumnId>& columns) const {
  const auto of_table = entries_.find(table);
  if (of_table == entries_.end()) return nullptr;
  for (const EntryPtr& entry : of_table->second) {
    if (entry->index.columns() == columns) return entry;
  }
  return nullptr;
}

Result<UniqueIndexes::EntryPtr> UniqueIndexes::Get(ObjectId table, const TableSchema& schema,
                                                   const std::vector<ColumnId>& columns,
                                                   const HeadWhile& head_while) {
  while (true) {
    {
      MutexLock lock(mutex_);
      if (const EntryPtr entry = Find(table, columns)) {
        while (entry->phase == Entry::Phase::kBuilding) phase_changed_.Wait(mutex_);
        if (entry->phase == Entry::Phase::kReady) return entry;
        continue;  // failed and gone: this caller tries, and gets the error first hand
      }
    }
    EntryPtr mine;
    const DatabaseStatePtr head = head_while([&] {
      MutexLock lock(mutex_);
      if (Find(table, columns) != nullptr) return;
      mine = std::make_shared<Entry>(columns, budget_);
      entries_[table].push_back(mine);
    });
    if (mine == nullptr) continue;
    const Status built = Build(table, schema, *mine, *head);
    Finish(table, mine, built.ok() ? Entry::Phase::kReady : Entry::Phase::kFailed);
    if (!built.ok()) return built;
    return mine;
  }
}

Status UniqueIndexes::Build(ObjectId table, const TableSchema& schema, Entry& entry,
                            const DatabaseState& head) {
  entry.covers_from = head.version();
  const TableVersionPtr version = head.Find(table);
  return version == nullptr ? Status::Ok() : AddVersion(entry.index, schema, *version);
}

void UniqueIndexes::Finish(ObjectId table, const EntryPtr& entry, Entry::Phase phase) {
  MutexLock lock(mutex_);
  entry->phase = phase;
  if (phase == Entry::Phase::kFailed) std::erase(entries_[table], entry);
  phase_changed_.NotifyAll();
}

std::vector<UniqueIndexes::EntryPtr> UniqueIndexes::Of(ObjectId table) const {
  MutexLock lock(mutex_);
  const auto found = entries_.find(table);
  return found == entries_.end() ? std::vector<EntryPtr>() : found->second;
}

void UniqueIndexes::Drop(ObjectId table) {
  std::vector<EntryPtr> dropped;  // freed after unlocking
  MutexLock lock(mutex_);
  const auto found = entries_.find(table);
  if (found == entries_.end()) return;
  dropped = std::move(found->second);
  entries_.erase(found);
}

void UniqueIndexes::Forget(ObjectId table, const EntryPtr& entry) {
  MutexLock lock(mutex_);
  const auto found = entries_.find(table);
  if (found != entries_.end()) std::erase(found->second, entry);
}

Status UniqueIndexes::AddVersion(UniqueIndex& index, const TableSchema& schema,
                                 const TableVersion& version) {
  const std::vector<const ColumnSchema*> columns = KeyColumns(schema, index.columns());
  for (const auto& view : version.Views()) {
    const Run& run = *static_cast<const RunVersion&>(*view).run();
    for (uint32_t block = 0; block < view->block_count(); ++block) {
      LUMA_RETURN_IF_ERROR(index.CheckRoom(view->BlockRows(block)));
      LUMA_ASSIGN_OR_RETURN(const KeyBlocks keys, ReadKeyBlocks(*view, columns, block));
      for (uint32_t row = 0; row < view->BlockRows(block); ++row) {
        const std::optional<uint64_t> hash = HashKey(keys, row);
        if (hash) index.Insert(*hash, IndexedRow::Of(run, view->BlockStart(block) + row));
      }
    }
  }
  return Status::Ok();
}

bool UniqueIndexes::IsDead(IndexedRow row, const TableVersion* oldest) {
  if (oldest == nullptr || row.run() >= oldest->next_run()) return false;  // newer than `oldest`
  const RunVersionPtr run = oldest->Find(row.run());
  if (run == nullptr || run->run()->layout() > row.layout()) return true;
  if (run->run()->layout() < row.layout()) return false;  // not flushed yet in `oldest`
  return row.position < run->row_count() && run->IsDeleted(row.position);
}

void UniqueIndexes::MaybeSweep(Entry& entry, ObjectId table, const DatabaseState& oldest) {
  const uint64_t gone = entry.rows_gone.load(std::memory_order_relaxed);
  if (gone < kRowsGoneMin || gone < entry.index.size() / 2) return;
  if (entry.is_sweeping.exchange(true)) return;
  const TableVersionPtr version = oldest.Find(table);
  entry.index.Sweep([&](IndexedRow row) { return IsDead(row, version.get()); });
  entry.rows_gone.fetch_sub(gone, std::memory_order_relaxed);
  entry.is_sweeping = false;
}

}  // namespace luma::storage
