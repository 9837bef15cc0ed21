#include "storage/replay.h"

#include <algorithm>
#include <utility>

namespace luma::storage {
namespace {

uint32_t ToNumber(ObjectId id) { return static_cast<uint32_t>(id); }
uint32_t ToNumber(RunId id) { return static_cast<uint32_t>(id); }

// `run` is the one of that id here, null if there is none.
Status Misfit(const LoggedDelete& one, const Run* run) {
  if (run != nullptr && one.layout.value_or(run->layout()) != run->layout()) {
    return Status::Corruption(
        "deleted positions are those of another file: table=", ToNumber(one.table),
        " run=", ToNumber(one.run), " layout=", *one.layout, " layout_here=", run->layout());
  }
  return Status::Corruption("deleted row does not exist: table=", ToNumber(one.table),
                            " run=", ToNumber(one.run));
}

}  // namespace

Replay::Replay(const DatabaseState& checkpoint, const ManifestState& manifest, MemoryBudget& budget)
    : checkpoint_lsn_(Lsn{static_cast<uint64_t>(manifest.checkpoint.commit)}),
      account_{.budget = &budget, .use = BudgetUse::kHotRows, .may_refuse = false},
      catalog_(checkpoint.catalog()),
      commit_(checkpoint.commit()),
      moved_deletes_(budget),
      sequences_(manifest.sequences),
      next_object_id_(ToNumber(manifest.next_object_id)) {
  checkpoint.ForEachTable([&](ObjectId id, const TableVersionPtr& version) {
    Table& table = tables_[id];
    table.next_run = version->next_run();
    table.modified = version->modified();
    version->ForEachRun([&](const RunVersionPtr& run) {
      table.runs[run->id()] = {run->run(), run->row_count(), run->deletes()};
    });
  });
}

Status Replay::Apply(Lsn lsn, ByteSpan payload) {
  const Result<LoggedChanges> changes = DecodeLogRecord(payload);
  const Status status = changes.ok() ? ApplyChanges(lsn, *changes) : changes.status();
  return status.WithContext("log record " + std::to_string(storage::ToNumber(lsn)));
}

Status Replay::ApplyChanges(Lsn lsn, const LoggedChanges& changes) {
  for (const auto& [id, record] : changes.sequences) {
    NoteObjectId(id);
    if (!IsCheckpointed(lsn)) sequences_[id] = record;
  }
  if (!changes.sequences.empty()) return Status::Ok();
  const CatalogStatePtr before = catalog_;
  LUMA_RETURN_IF_ERROR(ApplyCatalog(lsn, changes));
  for (const LoggedTruncate& truncate : changes.truncates) ApplyTruncate(lsn, truncate);
  for (const LoggedDelete& one : changes.deletes) {
    LUMA_RETURN_IF_ERROR(ApplyDelete(lsn, one, *before));
  }
  for (const LoggedRows& rows : changes.appends) LUMA_RETURN_IF_ERROR(ApplyRows(lsn, rows));
  commit_ = std::max(commit_, CommitNumber{storage::ToNumber(lsn)});
  return Status::Ok();
}

Status Replay::ApplyCatalog(Lsn lsn, const LoggedChanges& changes) {
  for (const CatalogChange& change : changes.catalog) NoteObjectId(change.id);
  if (changes.catalog.empty() || IsCheckpointed(lsn)) return Status::Ok();
  const auto next = catalog_->Apply(changes.catalog, CommitNumber{storage::ToNumber(lsn)});
  if (!next.ok()) {
    return Status::Corruption("catalog change does not fit: ", next.status().message());
  }
  catalog_ = *next;
  for (const CatalogChange& change : changes.catalog) {
    if (change.put != nullptr) continue;
    tables_.erase(change.id);
    moved_deletes_.Forget(change.id);
  }
  return Status::Ok();
}

void Replay::ApplyTruncate(Lsn lsn, const LoggedTruncate& truncate) {
  Table& table = tables_[truncate.table];
  // A manifest from after the truncate has no such run any more.
  std::erase_if(table.runs, [&](const auto& entry) { return entry.first < truncate.first_kept; });
  moved_deletes_.Forget(truncate.table);  // of rows in runs that were older still
  table.next_run = std::max(table.next_run, truncate.first_kept);
  table.modified = CommitNumber{storage::ToNumber(lsn)};
}

Status Replay::ApplyDelete(Lsn lsn, const LoggedDelete& one, const CatalogState& before) {
  Table& table = tables_[one.table];
  const auto found = table.runs.find(one.run);
  const bool exists = found != table.runs.end();
  const bool is_here =
      exists && one.layout.value_or(found->second.run->layout()) == found->second.run->layout();
  const bool fits = is_here && one.positions->max() < found->second.rows;
  if (IsCheckpointed(lsn)) {
    // Others were flushed with other positions, or dropped, or have their deletes in the manifest.
    if (!fits || !found->second.run->is_hot()) return Status::Ok();
  } else if (!is_here && !one.contents.empty()) {
    table.modified = CommitNumber{storage::ToNumber(lsn)};
    return moved_deletes_.Add(lsn, one, before.Find(one.table));
  } else if (!fits) {
    return Misfit(one, exists ? found->second.run.get() : nullptr);
  }
  RunRows& run = found->second;
  run.deletes = Union(run.deletes, one.positions);
  table.modified = CommitNumber{storage::ToNumber(lsn)};
  return Status::Ok();
}

Status Replay::ApplyRows(Lsn lsn, const LoggedRows& rows) {
  const CatalogObjectPtr object = catalog_->Find(rows.table);
  if (object == nullptr) {
    if (IsCheckpointed(lsn)) return Status::Ok();  // dropped before the checkpoint
    return Status::Corruption("rows of a table that does not exist: table=", ToNumber(rows.table));
  }
  Table& table = tables_[rows.table];
  RunRows& run = table.runs[rows.run];
  if (run.run == nullptr) run.run = HotRun::Empty(rows.run, rows.columns);
  if (!run.run->is_hot()) return Status::Ok();  // in a segment file
  const auto& hot = static_cast<const HotRun&>(*run.run);
  if (run.rows != rows.first_position || *hot.columns() != *rows.columns) {
    return Status::Corruption("rows do not continue their run: table=", ToNumber(rows.table),
                              " run=", ToNumber(rows.run), " position=", rows.first_position,
                              " expected=", run.rows);
  }
  LUMA_RETURN_IF_ERROR(AppendPieces(rows, run));
  table.next_run = std::max(table.next_run, NextRun(rows.run));
  table.modified = CommitNumber{storage::ToNumber(lsn)};
  return Status::Ok();
}

Status Replay::AppendPieces(const LoggedRows& rows, RunRows& run) {
  for (const LoggedRows::Piece& piece : rows.pieces) {
    LUMA_ASSIGN_OR_RETURN(const auto blocks, DecodePiece(*rows.columns, piece));
    std::vector<encoding::AlignedBuffer> scratch(blocks.size());
    std::vector<ColumnSpan> columns;
    for (size_t i = 0; i < blocks.size(); ++i) columns.push_back(blocks[i].Flatten(scratch[i]));
    const auto hot = std::static_pointer_cast<const HotRun>(run.run);
    LUMA_ASSIGN_OR_RETURN(const HotRunPtr roomy,
                          HotRun::WithRoom(hot, run.rows, piece.row_count,
                                           LongStringBytes(columns, 0, piece.row_count), account_));
    roomy->Append(run.rows, columns);
    run.run = roomy;
    run.rows += piece.row_count;
  }
  return Status::Ok();
}

void Replay::NoteObjectId(ObjectId id) {
  next_object_id_ = std::max(next_object_id_, ToNumber(id) + 1);
}

DatabaseState Replay::Finish() {
  DatabaseState state;
  state.set_commit(commit_);
  for (auto& [id, table] : tables_) {
    if (catalog_->Find(id) == nullptr) continue;
    TableVersion version;
    for (auto& [run_id, run] : table.runs) {
      if (run_id == table.runs.rbegin()->first && run.run->is_hot()) {
        version.Grow(std::static_pointer_cast<const HotRun>(run.run), run.rows);
        if (run.deletes != nullptr) version.Delete(run_id, run.deletes);
      } else {
        version.AddSealed(std::make_shared<const RunVersion>(run.run, run.rows, run.deletes));
      }
    }
    version.set_next_run(std::max(version.next_run(), table.next_run));
    version.set_modified(table.modified);
    state.SetTable(id, std::move(version));
  }
  state.set_catalog(catalog_);
  tables_.clear();
  return state;
}

std::vector<Sequences::Record> Replay::Counters() const {
  std::vector<Sequences::Record> counters;
  for (const auto& [id, record] : sequences_) {
    if (catalog_->Find(id) != nullptr) counters.emplace_back(id, record);
  }
  return counters;
}

}  // namespace luma::storage
