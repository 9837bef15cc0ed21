#include "storage/compaction/compactor.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "storage/segment_metrics.h"

namespace luma::storage {
namespace {

constexpr uint64_t kGivenUp = UINT64_MAX;  // until the next start

std::vector<RunVersionPtr> PickInputs(const MergePolicy& policy, const TableSchema& schema,
                                      const TableVersion& version, RunId before) {
  std::vector<RunVersionPtr> inputs;
  for (const RunId id : PickMerge(PolicyFor(policy, schema), SizesOf(schema, version, before))) {
    inputs.push_back(version.Find(id));
  }
  return inputs;
}

uint64_t RowsOf(const std::vector<RunVersionPtr>& runs) {
  uint64_t rows = 0;
  for (const RunVersionPtr& run : runs) rows += run->row_count();
  return rows;
}

uint64_t DeletedRowsOf(const std::vector<RunVersionPtr>& runs) {
  uint64_t rows = 0;
  for (const RunVersionPtr& run : runs) rows += run->deleted_count();
  return rows;
}

void Count(const MergedRun& merged, std::chrono::steady_clock::time_point start) {
  SegmentMetrics& metrics = SegmentMetrics::Get();
  metrics.merges.Add();
  metrics.merge_read_bytes.Add(merged.read_bytes);
  metrics.merge_written_bytes.Add(merged.record.file_bytes);
  metrics.merged_rows.Add(merged.record.row_count);
  metrics.merge_dropped_rows.Add(RowsOf(merged.inputs) - merged.record.row_count);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  metrics.merge_seconds.Observe(took.count());
}

}  // namespace

Result<bool> Compactor::MergeOnce(const MergePolicy& policy, const MergePace& pace) {
  MutexLock lock(mutex_);
  std::optional<Choice> choice = Choose(policy);
  if (!choice) return false;
  const ObjectId table = choice->table->id;
  const bool is_cold = choice->inputs.front()->run()->tier() == Tier::kCold;
  Status merged = CheckDiskRoom(policy, *choice);
  if (merged.ok()) merged = Merge(*std::move(choice), pace);
  // Inputs that were truncated or dropped meanwhile will not be chosen again.
  if (merged.ok() || merged.code() == StatusCode::kConflict) {
    failed_.erase(table);
    return true;
  }
  NoteFailure(table, merged);
  // A cold run is rewritten alone: its damage is no reason to stop the merges of its table.
  if (is_cold) failed_[table] = ++failures_;
  return merged;
}

Status Compactor::Rewrite(CatalogObjectPtr table, RunVersionPtr run, const MergePolicy& policy,
                          const MergePace& pace) {
  MutexLock lock(mutex_);
  Choice choice{.table = std::move(table), .inputs = {std::move(run)}};
  LUMA_RETURN_IF_ERROR(CheckDiskRoom(policy, choice));
  return Merge(std::move(choice), pace);
}

void Compactor::NoteFailure(ObjectId table, const Status& status) {
  SegmentMetrics::Get().merge_failures.Add();
  failed_[table] = status.code() == StatusCode::kCorruption ? kGivenUp : ++failures_;
}

std::optional<Compactor::Choice> Compactor::Choose(const MergePolicy& policy) {
  // The bounds first: what they allow stays allowed in every later state.
  const std::map<ObjectId, RunId> mergeable_before = parts_.flusher.MergeableBefore();
  const DatabaseStatePtr state = parts_.states.Published();
  std::optional<Choice> choice;
  uint64_t failed = kGivenUp;  // when the chosen table did
  for (const auto& [id, before] : mergeable_before) {
    CatalogObjectPtr table = state->catalog()->Find(id);
    const auto failure = failed_.find(id);
    const uint64_t table_failed = failure == failed_.end() ? 0 : failure->second;
    if (table == nullptr || table_failed >= failed) continue;
    auto inputs = PickInputs(policy, *table->table, state->Table(id), before);
    if (inputs.empty()) continue;
    choice = Choice{std::move(table), std::move(inputs)};
    failed = table_failed;
  }
  return choice;
}

Status Compactor::CheckDiskRoom(const MergePolicy& policy, const Choice& choice) {
  uint64_t bytes = 0;
  for (const RunVersionPtr& run : choice.inputs) bytes += run->run()->file_bytes();
  LUMA_ASSIGN_OR_RETURN(const uint64_t free, parts_.fs.FreeBytes(parts_.directory.segments()));
  if (free >= bytes && free - bytes >= policy.free_bytes_min) return Status::Ok();
  return Status::DiskFull("no room to merge segments: needed=", bytes, " free=", free,
                          " to_stay_free=", policy.free_bytes_min);
}

Status Compactor::Merge(Choice choice, const MergePace& pace) {
  const auto start = std::chrono::steady_clock::now();
  const CatalogObjectPtr table = choice.table;
  const uint64_t live_rows = RowsOf(choice.inputs) - DeletedRowsOf(choice.inputs);
  LUMA_ASSIGN_OR_RETURN(choice.inputs,
                        parts_.expiry.WithoutExpired(*table, std::move(choice.inputs)));
  std::string file_name = parts_.flusher.NextSegmentName(table->id, choice.inputs.back()->id());
  MergeRequest request{.table = table,
                       .inputs = std::move(choice.inputs),
                       .file_name = std::move(file_name),
                       .writer_epoch = parts_.flusher.epoch()};
  LUMA_ASSIGN_OR_RETURN(const MergedRun merged,
                        MergeRuns(parts_.fs, parts_.directory, std::move(request), parts_.budget,
                                  pace, parts_.cache));
  std::vector<UniqueIndexes::EntryPtr> indexed;
  const Status keys = IndexKeys(*table, merged, indexed);
  if (!keys.ok()) {
    for (const auto& entry : indexed) UniqueIndexes::RemoveRun(entry->index, *merged.run);
    merged.run->MarkObsolete();
    return keys;
  }
  LUMA_RETURN_IF_ERROR(parts_.flusher.Install(merged, std::move(indexed)));
  Count(merged, start);
  parts_.expiry.CountExpired(table->id, live_rows - merged.record.row_count);
  return Status::Ok();
}

Status Compactor::IndexKeys(const CatalogObject& table, const MergedRun& merged,
                            std::vector<UniqueIndexes::EntryPtr>& indexed) {
  const RunVersion run(merged.run, merged.record.row_count, nullptr);
  for (const UniqueIndexes::EntryPtr& entry : parts_.indexes.Of(table.id)) {
    if (!UniqueIndexes::Fits(entry->index, *table.table)) continue;
    indexed.push_back(entry);
    LUMA_RETURN_IF_ERROR(UniqueIndexes::AddRun(entry->index, *table.table, run));
  }
  return Status::Ok();
}

}  // namespace luma::storage
