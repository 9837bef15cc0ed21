#include "storage/flusher.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/failpoint.h"
#include "base/log.h"
#include "storage/key_lookup.h"
#include "storage/segment_metrics.h"

namespace luma::storage {
namespace {

bool HasLiveRows(const RunVersion& run) { return run.deleted_count() < run.row_count(); }

StoredRunPtr AsStored(const RunVersionPtr& run) {
  return std::static_pointer_cast<const StoredRun>(run->run());
}

// The run as `version` has it; null when it has been truncated, dropped or merged.
RunVersionPtr FindSource(const TableVersion& version, const CooledRun& cooled) {
  const RunVersionPtr found = version.Find(cooled.source->id());
  return found != nullptr && found->run() == cooled.source->run() ? found : nullptr;
}

// With the rows and deletes that the run has now; it has the same positions.
RunVersionPtr WithRun(const RunVersion& now, const RunPtr& run) {
  return std::make_shared<const RunVersion>(run, now.row_count(), now.deletes());
}

// A run without live rows need not be kept. On disk it must be kept until the log has lost its
// rows: replay would make them again, and cannot tell deletes of resorted rows from others.
bool IsDroppable(const RunVersion& run, bool log_lost_its_rows) {
  return !HasLiveRows(run) && (run.run()->is_hot() || log_lost_its_rows);
}

bool IsInput(const MergedRun& merged, const RunVersion& run) {
  return std::ranges::any_of(merged.inputs,
                             [&](const RunVersionPtr& input) { return input->id() == run.id(); });
}

// What the inputs of a merge are in `version`; nothing unless all of them are there.
std::vector<RunVersionPtr> FindInputs(const TableVersion& version, const MergedRun& merged) {
  std::vector<RunVersionPtr> found;
  for (const RunVersionPtr& input : merged.inputs) {
    found.push_back(version.Find(input->id()));
    if (found.back() == nullptr || found.back()->run() != input->run()) return {};
  }
  return found;
}

// Adds the keys of a run in memory under the positions its rows have on disk.
void AddResorted(UniqueIndex& index, const TableSchema& schema, const RunVersion& in_memory,
                 const WarmRun& on_disk, std::span<const uint32_t> new_position_of) {
  const auto columns = KeyColumns(schema, index.columns());
  for (uint32_t block = 0; block < in_memory.block_count(); ++block) {
    const Result<KeyBlocks> keys = ReadKeyBlocks(in_memory, columns, block);
    LUMA_CHECK(keys.ok());  // memory only
    for (uint32_t row = 0; row < in_memory.BlockRows(block); ++row) {
      const std::optional<uint64_t> hash = HashKey(*keys, row);
      const uint32_t position = new_position_of[in_memory.BlockStart(block) + row];
      if (hash) index.Insert(*hash, IndexedRow::Of(on_disk, position));
    }
  }
}

}  // namespace

Status Flusher::FlushAll() {
  MutexLock lock(mutex_);
  LUMA_FAILPOINT("flush.before_seal");
  std::map<ObjectId, RunId> next_runs;
  const Lsn sealed = parts_.pipeline.Rearrange([&](DatabaseState& state) {
    std::vector<ObjectId> growing;
    state.ForEachTable([&](ObjectId id, const TableVersionPtr& version) {
      next_runs[id] = version->next_run();
      if (version->growing() != nullptr) growing.push_back(id);
    });
    for (const ObjectId id : growing) {
      TableVersion version = state.Table(id);
      version.Seal();
      state.SetTable(id, std::move(version));
    }
    return !growing.empty();
  });
  const bool has_records = replay_from_ != Next(sealed);  // since the last one
  if (has_records) {
    LUMA_RETURN_IF_ERROR(Flush({.replay_from = Next(sealed), .drops_dead_runs = true}));
  }
  mergeable_before_ = std::move(next_runs);
  return Status::Ok();
}

Status Flusher::FlushSealed() {
  MutexLock lock(mutex_);
  return Flush({.replay_from = replay_from_, .drops_dead_runs = false});
}

Status Flusher::FlushTable(ObjectId table) {
  MutexLock lock(mutex_);
  parts_.pipeline.Rearrange([&](DatabaseState& state) {
    TableVersion version = state.Table(table);
    if (version.growing() == nullptr) return false;
    version.Seal();
    state.SetTable(table, std::move(version));
    return true;
  });
  return Flush({.replay_from = replay_from_, .drops_dead_runs = false});
}

std::map<ObjectId, RunId> Flusher::MergeableBefore() {
  MutexLock lock(mutex_);
  return mergeable_before_;
}

Status Flusher::Install(const MergedRun& merged, std::vector<UniqueIndexes::EntryPtr> indexed) {
  MutexLock lock(mutex_);
  Plan plan{.replay_from = replay_from_, .merged = &merged, .indexed = std::move(indexed)};
  return MakeCheckpoint(plan);
}

Result<PinnedCheckpoint> Flusher::Pin() {
  MutexLock lock(mutex_);
  LUMA_RETURN_IF_ERROR(Settle());
  PinnedCheckpoint pinned{.manifest = parts_.manifest.State()};
  pinned.log = parts_.wal.Pin(pinned.manifest.checkpoint.replay_from);
  checkpoint_->ForEachTable([&](ObjectId id, const TableVersionPtr& version) {
    version->ForEachRun(
        [&](const RunVersionPtr& run) { pinned.runs.push_back({.table = id, .run = run->run()}); });
  });
  return pinned;
}

Status Flusher::DropRuns(ObjectId table, std::span<const RunVersionPtr> runs) {
  MutexLock lock(mutex_);
  const auto mergeable_before = mergeable_before_.find(table);
  if (mergeable_before == mergeable_before_.end()) {
    return Status::Conflict("table of runs to drop is gone");  // a flush has seen that since
  }
  Plan plan{.replay_from = replay_from_};
  for (const RunVersionPtr& run : runs) {
    LUMA_CHECK(!run->run()->is_hot() && run->id() < mergeable_before->second);
    plan.dropped.emplace(RunKey(table, run->id()), run);
  }
  return MakeCheckpoint(plan);
}

Status Flusher::Install(const CooledRun& cooled) {
  MutexLock lock(mutex_);
  Plan plan{.replay_from = replay_from_, .cooled = &cooled};
  return MakeCheckpoint(plan);
}

Status Flusher::Flush(Plan plan) {
  LUMA_RETURN_IF_ERROR(MakeCheckpoint(plan));
  replay_from_ = plan.replay_from;
  count_.fetch_add(1, std::memory_order_relaxed);
  for (const FlushedRun& flushed : plan.flushed) {
    SegmentMetrics::Get().flush_written_bytes.Add(flushed.record.file_bytes);
  }
  LUMA_FAILPOINT("flush.before_truncate");
  return parts_.wal.Truncate(replay_from_);
}

Status Flusher::MakeCheckpoint(Plan& plan) {
  const Status prepared = Prepare(plan);
  if (!prepared.ok()) {
    Abandon(plan);
    return prepared;
  }
  LUMA_RETURN_IF_ERROR(WriteManifest(plan));
  LUMA_FAILPOINT(PointOf(plan, "after_manifest"));
  LUMA_RETURN_IF_ERROR(SwapRuns(plan));
  SweepIndexes(plan);
  ReleaseFiles(plan);
  checkpoint_ = plan.after;
  return Status::Ok();
}

// An append after a failed one begins a new file without it; see Manifest::Append.
Status Flusher::Settle() {
  if (undecided_.empty()) return Status::Ok();
  ManifestEdit nothing_new;
  nothing_new.next_object_id = ObjectId{parts_.next_object_id.load()};
  LUMA_RETURN_IF_ERROR(parts_.manifest.Append(nothing_new));
  for (const auto& run : undecided_) run->MarkObsolete();
  undecided_.clear();
  parts_.pipeline.Unfreeze(undecided_moved_);
  undecided_moved_.clear();
  return Status::Ok();
}

Status Flusher::Prepare(Plan& plan) {
  LUMA_RETURN_IF_ERROR(Settle());
  if (plan.merged != nullptr || plan.cooled != nullptr || !plan.dropped.empty()) {
    LUMA_FAILPOINT(PointOf(plan, "before_install"));
  } else {
    const auto [head, lsn] = parts_.pipeline.HeadAndLsn();
    LUMA_RETURN_IF_ERROR(WaitForLog(lsn));
    LUMA_RETURN_IF_ERROR(WriteSegments(*head, plan));
    LUMA_FAILPOINT("flush.after_segments");
  }
  LUMA_RETURN_IF_ERROR(PlanCheckpoint(plan));
  LUMA_FAILPOINT(PointOf(plan, "before_manifest"));
  return Status::Ok();
}

void Flusher::Abandon(const Plan& plan) {
  for (const auto& run : NewFiles(plan)) run->MarkObsolete();
  parts_.pipeline.Unfreeze(plan.moved);
  RemoveMergedKeys(plan);
}

void Flusher::RemoveMergedKeys(const Plan& plan) {
  for (const auto& entry : plan.indexed) {
    UniqueIndexes::RemoveRun(entry->index, *plan.merged->run);
  }
}

std::vector<StoredRunPtr> Flusher::NewFiles(const Plan& plan) {
  std::vector<StoredRunPtr> files;
  for (const FlushedRun& flushed : plan.flushed) files.push_back(flushed.run);
  if (plan.merged != nullptr) files.push_back(plan.merged->run);
  if (plan.cooled != nullptr) files.push_back(plan.cooled->run);
  return files;
}

std::string Flusher::PointOf(const Plan& plan, std::string_view step) {
  const std::string_view cause = plan.merged != nullptr   ? "compaction"
                                 : plan.cooled != nullptr ? "cold"
                                 : !plan.dropped.empty()  ? "retention"
                                                          : "flush";
  return fmt::format("{}.{}", cause, step);
}

bool Flusher::IsDropped(const Plan& plan, ObjectId table, const RunVersion& run) {
  const auto dropped = plan.dropped.find(RunKey(table, run.id()));
  return dropped != plan.dropped.end() && dropped->second->run() == run.run();
}

// Whether the state has all of them, as they were when they were chosen.
bool Flusher::HasDropped(const Plan& plan, const DatabaseState& head) {
  return std::ranges::all_of(plan.dropped, [&](const auto& dropped) {
    const RunVersionPtr now = head.Table(dropped.first.first).Find(dropped.first.second);
    return now != nullptr && now->run() == dropped.second->run();
  });
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
    Result<FlushedRun> flushed =
        FlushRun(parts_.fs, parts_.directory, *table, *run, NextSegmentName(id, run->id()), epoch_,
                 parts_.budget, parts_.cache);
    if (!flushed.ok()) return flushed.status();
    plan.flushed.push_back(std::move(flushed).value());
  }
  return Status::Ok();
}

std::string Flusher::NextFileStem(ObjectId table, RunId run) {
  return fmt::format("{}-{}-{:x}-{:x}", static_cast<uint32_t>(table), static_cast<uint32_t>(run),
                     epoch_, ++files_begun_);
}

Status Flusher::PlanCheckpoint(Plan& plan) {
  NewRuns new_runs;
  for (const FlushedRun& flushed : plan.flushed) {
    const RunKey key(flushed.table, flushed.record.id);
    new_runs.emplace(key, flushed.record);
    if (flushed.is_resorted()) plan.moved.insert(key);
  }
  if (plan.merged != nullptr) {
    new_runs.emplace(RunKey(plan.merged->table, plan.merged->record.id), plan.merged->record);
    for (const auto& input : plan.merged->inputs) {
      plan.moved.emplace(plan.merged->table, input->id());
    }
  }
  for (const auto& [key, run] : plan.dropped) plan.moved.insert(key);
  if (plan.cooled != nullptr) {
    new_runs.emplace(RunKey(plan.cooled->table, plan.cooled->record.id), plan.cooled->record);
  }
  const auto [head, lsn] = parts_.pipeline.Freeze(plan.moved);
  LUMA_RETURN_IF_ERROR(WaitForLog(lsn));
  if (!HasDropped(plan, *head)) return Status::Conflict("runs to drop are gone");
  LUMA_RETURN_IF_ERROR(PlanMerge(*head, plan));
  if (plan.cooled != nullptr &&
      FindSource(head->Table(plan.cooled->table), *plan.cooled) == nullptr) {
    return Status::Conflict("run that was moved to the cold tier is gone");
  }
  DatabaseState after = CheckpointOf(*head, plan);
  plan.edit = CheckpointEdit(*checkpoint_, after, new_runs);
  plan.edit.checkpoint = {.commit = CommitNumber{ToNumber(lsn)}, .replay_from = plan.replay_from};
  plan.edit.next_object_id = ObjectId{parts_.next_object_id.load()};
  plan.edit.sequences = CountersFor(*head);
  plan.after = std::make_shared<const DatabaseState>(std::move(after));
  return Status::Ok();
}

Status Flusher::PlanMerge(const DatabaseState& head, Plan& plan) const {
  if (plan.merged == nullptr) return Status::Ok();
  const MergedRun& merged = *plan.merged;
  const std::vector<RunVersionPtr> now = FindInputs(head.Table(merged.table), merged);
  if (now.empty()) return Status::Conflict("runs that were merged are gone");
  plan.merged_version =
      std::make_shared<const RunVersion>(merged.run, merged.record.row_count, merged.Remap(now));
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
      const bool is_dead = run != version->growing() && IsDroppable(*run, plan.drops_dead_runs);
      if (is_dead || IsDropped(plan, id, *run)) {
        plan.dead.emplace_back(id, run->id());
        return;
      }
      if (plan.merged != nullptr && id == plan.merged->table && IsInput(*plan.merged, *run)) {
        if (run->id() == plan.merged->run->id()) on_disk.AddSealed(plan.merged_version);
        return;
      }
      if (plan.cooled != nullptr && run->run() == plan.cooled->source->run()) {
        return on_disk.AddSealed(WithRun(*run, plan.cooled->run));
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
  undecided_ = NewFiles(plan);
  undecided_moved_ = std::move(plan.moved);
  // At once, so that rows are not frozen until the next flush; should it fail, that one tries.
  const Status settled = Settle();
  if (!settled.ok()) LUMA_LOG(kWarn, "storage", "flush is undecided: {}", settled.message());
  RemoveMergedKeys(plan);
  return written;
}

Status Flusher::SwapRuns(Plan& plan) {
  Lsn lsn{};
  bool is_done = false;
  while (!is_done) {
    const PreparedIndexes prepared = AddMovedKeys(plan);
    lsn = parts_.pipeline.Rearrange([&](DatabaseState& state) {
      is_done = SwapRunsIn(state, plan, prepared);
      return is_done;
    });
  }
  parts_.pipeline.Unfreeze(plan.moved);
  return parts_.pipeline.WaitPublished(lsn);
}

Flusher::PreparedIndexes Flusher::AddMovedKeys(Plan& plan) const {
  // Indexes first: a state from before an index would not know the columns of its constraint.
  PreparedIndexes prepared;
  for (const auto& [table, run] : plan.moved) prepared[table] = parts_.indexes.Of(table);
  for (const FlushedRun& flushed : plan.flushed) {
    if (flushed.is_resorted()) AddResortedKeys(flushed, prepared[flushed.table]);
  }
  if (plan.merged != nullptr) AddMergedKeys(plan, prepared[plan.merged->table]);
  return prepared;
}

void Flusher::AddResortedKeys(const FlushedRun& flushed,
                              std::span<const UniqueIndexes::EntryPtr> entries) const {
  const DatabaseStatePtr head = parts_.pipeline.head();
  const RunVersionPtr in_memory = head->Table(flushed.table).Find(flushed.record.id);
  if (in_memory == nullptr || entries.empty()) return;
  const TableSchema& schema = *head->catalog()->Find(flushed.table)->table;
  const auto memory =
      parts_.budget.BookAlways(BudgetUse::kFlush, flushed.record.row_count * sizeof(uint32_t));
  const std::vector<uint32_t> new_position_of = flushed.NewPositions();
  for (const auto& entry : entries) {
    if (!UniqueIndexes::Fits(entry->index, schema)) {
      parts_.indexes.Forget(flushed.table, entry);  // its constraint was dropped
      continue;
    }
    AddResorted(entry->index, schema, *in_memory, *flushed.run, new_position_of);
    entry->rows_gone += flushed.record.row_count;  // under their old positions
  }
}

void Flusher::AddMergedKeys(Plan& plan, std::span<const UniqueIndexes::EntryPtr> entries) const {
  const ObjectId table = plan.merged->table;
  const CatalogObjectPtr object = parts_.pipeline.head()->catalog()->Find(table);
  if (object == nullptr) return;  // dropped, and its indexes with it
  for (const auto& entry : entries) {
    if (std::ranges::count(plan.indexed, entry) > 0) continue;
    const Status added =
        UniqueIndexes::Fits(entry->index, *object->table)
            ? UniqueIndexes::AddRun(entry->index, *object->table, *plan.merged_version)
            : Status::NotFound("constraint was dropped");
    if (added.ok()) {
      plan.indexed.push_back(entry);
    } else {
      LUMA_LOG(kInfo, "storage", "unique index will be built anew: {}", added.message());
      parts_.indexes.Forget(table, entry);
    }
  }
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
    version.Replace(flushed.is_resorted() ? on_disk : WithRun(*now, on_disk->run()));
    state.SetTable(flushed.table, std::move(version));
  }
  for (const auto& [table, run] : plan.dead) {
    TableVersion version = state.Table(table);
    if (version.Find(run) == nullptr) continue;
    version.Remove(run);
    state.SetTable(table, std::move(version));
  }
  SwapMergedIn(state, plan);
  SwapCooledIn(state, plan);
  return true;
}

void Flusher::SwapMergedIn(DatabaseState& state, const Plan& plan) {
  if (plan.merged == nullptr) return;
  TableVersion version = state.Table(plan.merged->table);
  if (FindInputs(version, *plan.merged).empty()) return;  // truncated or dropped meanwhile
  for (const RunVersionPtr& input : plan.merged->inputs) {
    if (input->id() != plan.merged_version->id()) version.Remove(input->id());
  }
  version.Replace(plan.merged_version);
  state.SetTable(plan.merged->table, std::move(version));
}

void Flusher::SwapCooledIn(DatabaseState& state, const Plan& plan) {
  if (plan.cooled == nullptr) return;
  TableVersion version = state.Table(plan.cooled->table);
  const RunVersionPtr source = FindSource(version, *plan.cooled);
  if (source == nullptr) return;  // truncated or dropped meanwhile
  version.Replace(WithRun(*source, plan.cooled->run));
  state.SetTable(plan.cooled->table, std::move(version));
}

void Flusher::SweepIndexes(const Plan& plan) {
  for (const auto& entry : plan.indexed) {
    for (const RunVersionPtr& input : plan.merged->inputs) entry->rows_gone += input->row_count();
  }
  for (const auto& [key, run] : plan.dropped) {
    for (const auto& entry : parts_.indexes.Of(key.first)) entry->rows_gone += run->row_count();
  }
  const DatabaseStatePtr oldest = parts_.states.Oldest();
  std::set<ObjectId> tables;
  for (const auto& [table, run] : plan.moved) tables.insert(table);
  for (const ObjectId table : tables) {
    for (const auto& entry : parts_.indexes.Of(table)) {
      UniqueIndexes::MaybeSweep(*entry, table, *oldest);
    }
  }
}

void Flusher::ReleaseFiles(const Plan& plan) {
  const auto release = [&](ObjectId table, const StoredRunPtr& run) {
    const RunVersionPtr kept = plan.after->Table(table).Find(run->id());
    if (kept == nullptr || kept->run() != run) run->MarkObsolete();
  };
  checkpoint_->ForEachTable([&](ObjectId id, const TableVersionPtr& version) {
    version->ForEachRun([&](const RunVersionPtr& run) { release(id, AsStored(run)); });
  });
  for (const FlushedRun& flushed : plan.flushed) release(flushed.table, flushed.run);
}

}  // namespace luma::storage
