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
  entry->is_forgotten = true;  // before the sequencer stops adding to it
  MutexLock lock(mutex_);
  const auto found = entries_.find(table);
  if (found != entries_.end()) std::erase(found->second, entry);
}

bool UniqueIndexes::Fits(const UniqueIndex& index, const TableSchema& schema) {
  return std::ranges::all_of(index.columns(),
                             [&](ColumnId id) { return schema.FindColumn(id) != nullptr; });
}

Status UniqueIndexes::AddVersion(UniqueIndex& index, const TableSchema& schema,
                                 const TableVersion& version) {
  for (const auto& view : version.Views()) {
    LUMA_RETURN_IF_ERROR(AddRun(index, schema, static_cast<const RunVersion&>(*view)));
  }
  return Status::Ok();
}

Status UniqueIndexes::AddRun(UniqueIndex& index, const TableSchema& schema, const RunVersion& run) {
  const std::vector<const ColumnSchema*> columns = KeyColumns(schema, index.columns());
  for (uint32_t block = 0; block < run.block_count(); ++block) {
    LUMA_RETURN_IF_ERROR(index.CheckRoom(run.BlockRows(block)));
    LUMA_ASSIGN_OR_RETURN(const KeyBlocks keys, ReadKeyBlocks(run, columns, block));
    for (uint32_t row = 0; row < run.BlockRows(block); ++row) {
      const std::optional<uint64_t> hash = HashKey(keys, row);
      if (hash) index.Insert(*hash, IndexedRow::Of(*run.run(), run.BlockStart(block) + row));
    }
  }
  return Status::Ok();
}

void UniqueIndexes::RemoveRun(UniqueIndex& index, const Run& run) {
  index.Sweep([&](IndexedRow row) {
    return row.run() == run.id() && row.layout == IndexedRow::LayoutOf(run);
  });
}

bool UniqueIndexes::IsDead(IndexedRow row, const TableVersion* oldest) {
  if (oldest == nullptr || row.run() >= oldest->next_run()) return false;  // newer than `oldest`
  const RunVersionPtr run = oldest->Find(row.run());
  if (run == nullptr) return true;
  if (row.layout != IndexedRow::LayoutOf(*run->run())) {
    return !row.IsNewerThan(*run->run());  // newer: not flushed or merged yet in `oldest`
  }
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
