#include "storage/flusher.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/failpoint.h"
#include "base/log.h"
#include "storage/key_lookup.h"

namespace luma::storage {
namespace {

bool HasLiveRows(const RunVersion& run) { return run.deleted_count() < run.row_count(); }

std::shared_ptr<const WarmRun> AsWarm(const RunVersionPtr& run) {
  return std::static_pointer_cast<const WarmRun>(run->run());
}

// A run without live rows need not be kept. On disk it must be kept until the log has lost its
// rows: replay would make them again, and cannot tell deletes of resorted rows from others.
bool IsDroppable(const RunVersion& run, bool log_lost_its_rows) {
  return !HasLiveRows(run) && (run.run()->is_hot() || log_lost_its_rows);
}

bool HasColumns(const TableSchema& schema, const std::vector<ColumnId>& columns) {
  return std::ranges::all_of(columns,
                             [&](ColumnId id) { return schema.FindColumn(id) != nullptr; });
}

// Adds the keys of a run in memory under the positions its rows have on disk.
void AddResorted(UniqueIndex& index, const TableSchema& schema, const RunVersion& in_memory,
                 const FlushedRun& flushed) {
  const auto columns = KeyColumns(schema, index.columns());
  for (uint32_t block = 0; block < in_memory.block_count(); ++block) {
    const Result<KeyBlocks> keys = ReadKeyBlocks(in_memory, columns, block);
    LUMA_CHECK(keys.ok());  // memory only
    for (uint32_t row = 0; row < in_memory.BlockRows(block); ++row) {
      const std::optional<uint64_t> hash = HashKey(*keys, row);
      const uint32_t position = flushed.new_position_of[in_memory.BlockStart(block) + row];
      if (hash) index.Insert(*hash, IndexedRow::Of(*flushed.run, position));
    }
  }
}

}  // namespace

Status Flusher::FlushAll() {
  MutexLock lock(mutex_);
  LUMA_FAILPOINT("flush.before_seal");
  const Lsn sealed = parts_.pipeline.Rearrange([&](DatabaseState& state) {
    std::vector<ObjectId> growing;
    state.ForEachTable([&](ObjectId id, const TableVersionPtr& version) {
      if (version->growing() != nullptr) growing.push_back(id);
    });
    for (const ObjectId id : growing) {
      TableVersion version = state.Table(id);
      version.Seal();
      state.SetTable(id, std::move(version));
    }
    return !growing.empty();
  });
  if (replay_from_ == Next(sealed)) return Status::Ok();  // no record since the last one
  return Flush({.replay_from = Next(sealed), .drops_dead_runs = true});
}

Status Flusher::FlushSealed() {
  MutexLock lock(mutex_);
  return Flush({.replay_from = replay_from_, .drops_dead_runs = false});
}

Status Flusher::Flush(Plan plan) {
  LUMA_RETURN_IF_ERROR(Settle());
  const Status prepared = Prepare(plan);
  if (!prepared.ok()) {
    Abandon(plan);
    return prepared;
  }
  LUMA_RETURN_IF_ERROR(WriteManifest(plan));
  LUMA_FAILPOINT("flush.after_manifest");
  LUMA_RETURN_IF_ERROR(SwapRuns(plan));
  SweepIndexes(plan);
  ReleaseFiles(plan);
  checkpoint_ = plan.after;
  replay_from_ = plan.replay_from;
  count_.fetch_add(1, std::memory_order_relaxed);
  LUMA_FAILPOINT("flush.before_truncate");
  return parts_.wal.Truncate(replay_from_);
}

// An append after a failed one begins a new file without it; see Manifest::Append.
Status Flusher::Settle() {
  if (undecided_.empty()) return Status::Ok();
  ManifestEdit nothing_new;
  nothing_new.next_object_id = ObjectId{parts_.next_object_id.load()};
  LUMA_RETURN_IF_ERROR(parts_.manifest.Append(nothing_new));
  for (const FlushedRun& flushed : undecided_) flushed.run->MarkObsolete();
  undecided_.clear();
  parts_.pipeline.Unfreeze(undecided_resorted_);
  undecided_resorted_.clear();
  return Status::Ok();
}

Status Flusher::Prepare(Plan& plan) {
  const auto [head, lsn] = parts_.pipeline.HeadAndLsn();
  LUMA_RETURN_IF_ERROR(WaitForLog(lsn));
  LUMA_RETURN_IF_ERROR(WriteSegments(*head, plan));
  LUMA_FAILPOINT("flush.after_segments");
  LUMA_RETURN_IF_ERROR(PlanCheckpoint(plan));
  LUMA_FAILPOINT("flush.before_manifest");
  return Status::Ok();
}

void Flusher::Abandon(const Plan& plan) {
  for (const FlushedRun& flushed : plan.flushed) flushed.run->MarkObsolete();
  parts_.pipeline.Unfreeze(plan.resorted);
}

// What a checkpoint contains must be in the log first, in every sync mode: the log may never end
// before the checkpoint.
Status Flusher::WaitForLog(Lsn lsn) {
  LUMA_RETURN_IF_ERROR(parts_.wal.Sync());
  return parts_.pipeline.WaitPublished(lsn);
}

Status Flusher::WriteSegments(const DatabaseState& head, Plan& plan) {
  std::vector<std::pair<ObjectId, RunVersionPtr>> runs;
  head.ForEachTable([&](ObjectId id, const TableVersionPtr& version) {
    for (const RunVersionPtr& run : version->sealed()) {
      if (run->run()->is_hot() && HasLiveRows(*run)) runs.emplace_back(id, run);
    }
  });
  for (const auto& [id, run] : runs) {
    const CatalogObjectPtr table = head.catalog()->Find(id);
    Result<FlushedRun> flushed = FlushRun(parts_.fs, parts_.directory, *table, *run,
                                          NextFileName(id, run->id()), epoch_, parts_.cache);
    if (!flushed.ok()) return flushed.status();
    plan.flushed.push_back(std::move(flushed).value());
  }
  return Status::Ok();
}

// Unique over restarts (epoch) and attempts (files_begun_): a name is never used twice.
std::string Flusher::NextFileName(ObjectId table, RunId run) {
  return fmt::format("{}-{}-{:x}-{:x}.seg", static_cast<uint32_t>(table),
                     static_cast<uint32_t>(run), epoch_, ++files_begun_);
}

Status Flusher::PlanCheckpoint(Plan& plan) {
  NewRuns new_runs;
  for (const FlushedRun& flushed : plan.flushed) {
    const RunKey key(flushed.table, flushed.record.id);
    new_runs.emplace(key, flushed.record);
    if (!flushed.new_position_of.empty()) plan.resorted.insert(key);
  }
  const auto [head, lsn] = parts_.pipeline.Freeze(plan.resorted);
  LUMA_RETURN_IF_ERROR(WaitForLog(lsn));
  DatabaseState after = CheckpointOf(*head, plan);
  plan.edit = CheckpointEdit(*checkpoint_, after, new_runs);
  plan.edit.checkpoint = {.commit = CommitNumber{ToNumber(lsn)}, .replay_from = plan.replay_from};
  plan.edit.next_object_id = ObjectId{parts_.next_object_id.load()};
  plan.edit.sequences = CountersFor(*head);
  plan.after = std::make_shared<const DatabaseState>(std::move(after));
  return Status::Ok();
}

// Counters may be ahead of the checkpoint; the records that say so are replayed again. Those of
// sequences that are not committed yet are needed too, because their records leave the log.
std::vector<Sequences::Record> Flusher::CountersFor(const DatabaseState& head) const {
  std::vector<Sequences::Record> counters = parts_.sequences.Logged();
  const auto is_dropped = [&head, before = checkpoint_](const Sequences::Record& counter) {
    return before->catalog()->Find(counter.first) != nullptr &&
           head.catalog()->Find(counter.first) == nullptr;
  };
  std::erase_if(counters, is_dropped);
  return counters;
}

DatabaseState Flusher::CheckpointOf(const DatabaseState& head, Plan& plan) const {
  std::map<RunKey, const FlushedRun*> flushed;
  for (const FlushedRun& run : plan.flushed) flushed[{run.table, run.record.id}] = &run;
  DatabaseState after;
  after.set_commit(head.commit());
  after.set_catalog(head.catalog());
  head.ForEachTable([&](ObjectId id, const TableVersionPtr& version) {
    TableVersion on_disk;
    version->ForEachRun([&](const RunVersionPtr& run) {
      if (run != version->growing() && IsDroppable(*run, plan.drops_dead_runs)) {
        plan.dead.emplace_back(id, run->id());
        return;
      }
      if (!run->run()->is_hot()) return on_disk.AddSealed(run);
      const auto found = flushed.find({id, run->id()});
      if (found == flushed.end()) return;
      const FlushedRun& moved = *found->second;
      on_disk.AddSealed(std::make_shared<const RunVersion>(moved.run, run->row_count(),
                                                           moved.Remap(run->deletes())));
    });
    on_disk.set_next_run(version->next_run());
    on_disk.set_modified(version->modified());
    after.SetTable(id, std::move(on_disk));
  });
  return after;
}

Status Flusher::WriteManifest(Plan& plan) {
  const Status written = parts_.manifest.Append(plan.edit);
  if (written.ok()) return written;
  undecided_ = std::move(plan.flushed);
  undecided_resorted_ = std::move(plan.resorted);
  // At once, so that rows are not frozen until the next flush; should it fail, that one tries.
  const Status settled = Settle();
  if (!settled.ok()) LUMA_LOG(kWarn, "storage", "flush is undecided: {}", settled.message());
  return written;
}

Status Flusher::SwapRuns(const Plan& plan) {
  Lsn lsn{};
  bool is_done = false;
  while (!is_done) {
    const PreparedIndexes prepared = AddResortedKeys(plan);
    lsn = parts_.pipeline.Rearrange([&](DatabaseState& state) {
      is_done = SwapRunsIn(state, plan, prepared);
      return is_done;
    });
  }
  parts_.pipeline.Unfreeze(plan.resorted);
  return parts_.pipeline.WaitPublished(lsn);
}

Flusher::PreparedIndexes Flusher::AddResortedKeys(const Plan& plan) const {
  PreparedIndexes prepared;
  for (const FlushedRun& flushed : plan.flushed) {
    if (flushed.new_position_of.empty()) continue;
    // Indexes first: a state from before an index would not know the columns of its constraint.
    auto entries = parts_.indexes.Of(flushed.table);
    const DatabaseStatePtr head = parts_.pipeline.head();
    const RunVersionPtr in_memory = head->Table(flushed.table).Find(flushed.record.id);
    if (in_memory == nullptr) continue;
    const TableSchema& schema = *head->catalog()->Find(flushed.table)->table;
    for (const auto& entry : entries) {
      if (!HasColumns(schema, entry->index.columns())) {
        parts_.indexes.Forget(flushed.table, entry);  // its constraint was dropped
        continue;
      }
      AddResorted(entry->index, schema, *in_memory, flushed);
      entry->rows_gone += flushed.record.row_count;  // under their old positions
    }
    prepared[flushed.table] = std::move(entries);
  }
  return prepared;
}

bool Flusher::SwapRunsIn(DatabaseState& state, const Plan& plan,
                         const PreparedIndexes& prepared) const {
  for (const auto& [table, entries] : prepared) {
    for (const auto& entry : parts_.indexes.Of(table)) {
      if (std::ranges::count(entries, entry) == 0) return false;
    }
  }
  for (const FlushedRun& flushed : plan.flushed) {
    TableVersion version = state.Table(flushed.table);
    const RunVersionPtr now = version.Find(flushed.record.id);
    const RunVersionPtr on_disk = plan.after->Table(flushed.table).Find(flushed.record.id);
    if (now == nullptr || on_disk == nullptr) continue;  // dropped meanwhile
    // Deletes of a resorted run were frozen; others may have come in since the checkpoint.
    const bool is_resorted = !flushed.new_position_of.empty();
    version.Replace(is_resorted ? on_disk
                                : std::make_shared<const RunVersion>(
                                      on_disk->run(), now->row_count(), now->deletes()));
    state.SetTable(flushed.table, std::move(version));
  }
  for (const auto& [table, run] : plan.dead) {
    TableVersion version = state.Table(table);
    if (version.Find(run) == nullptr) continue;
    version.Remove(run);
    state.SetTable(table, std::move(version));
  }
  return true;
}

void Flusher::SweepIndexes(const Plan& plan) {
  const DatabaseStatePtr oldest = parts_.states.Oldest();
  for (const FlushedRun& flushed : plan.flushed) {
    if (flushed.new_position_of.empty()) continue;
    for (const auto& entry : parts_.indexes.Of(flushed.table)) {
      UniqueIndexes::MaybeSweep(*entry, flushed.table, *oldest);
    }
  }
}

void Flusher::ReleaseFiles(const Plan& plan) {
  const auto release = [&](ObjectId table, const std::shared_ptr<const WarmRun>& run) {
    if (plan.after->Table(table).Find(run->id()) == nullptr) run->MarkObsolete();
  };
  checkpoint_->ForEachTable([&](ObjectId id, const TableVersionPtr& version) {
    version->ForEachRun([&](const RunVersionPtr& run) { release(id, AsWarm(run)); });
  });
  for (const FlushedRun& flushed : plan.flushed) release(flushed.table, flushed.run);
}

}  // namespace luma::storage
