#include "storage/cold/cold_mover.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/log.h"
#include "storage/cold/cold_keys.h"
#include "storage/cold/cold_metrics.h"
#include "storage/cold/cold_run.h"
#include "storage/table_policy_options.h"

namespace luma::storage {
namespace {

// Files in a general format may be larger than segment files.
constexpr uint64_t kFileGrowth = 4;
constexpr uint64_t kFreeBytesMin = 64ull << 20;  // that the disk must have left

bool IsForGood(StatusCode code) {
  return code == StatusCode::kCorruption || code == StatusCode::kInternal ||
         code == StatusCode::kUnsupported;
}

}  // namespace

Status ColdMover::Pass(const MergePolicy& merges, const MergePace& pace) {
  const Status moved = MoveAll(merges, pace);
  if (moved.code() == StatusCode::kCancelled) return moved;
  const Status published = PublishAndCollect();
  return moved.ok() ? published : moved;
}

Status ColdMover::MoveAll(const MergePolicy& merges, const MergePace& pace) {
  while (true) {
    LUMA_ASSIGN_OR_RETURN(const bool has_moved, MoveOnce(merges, pace));
    if (!has_moved) return Status::Ok();
  }
}

Result<bool> ColdMover::MoveOnce(const MergePolicy& merges, const MergePace& pace) {
  MutexLock lock(mutex_);
  const std::optional<ColdCandidate> candidate = Choose(merges);
  if (!candidate) return false;
  const RunKey key(candidate->table->id, candidate->run->id());
  const Status moved = Move(*candidate, merges, pace);
  // A run that was truncated, dropped or merged meanwhile will not be chosen again.
  if (moved.ok() || moved.code() == StatusCode::kConflict) {
    failed_.erase(key);
    return true;
  }
  if (moved.code() != StatusCode::kCancelled) NoteFailure(key, moved);
  return moved;
}

// Of the runs that are old the one whose last failure is the longest ago, and of these the oldest.
// If segment files take too much room, all runs are old enough.
std::optional<ColdCandidate> ColdMover::Choose(const MergePolicy& merges) {
  // The bounds first: what they allow stays allowed in every later state.
  const std::map<ObjectId, RunId> movable_before = parts_.flusher.MergeableBefore();
  const DatabaseStatePtr state = parts_.states.Published();
  const bool is_warm_full =
      parts_.warm_bytes_max && state->totals().warm_bytes > *parts_.warm_bytes_max;
  std::optional<ColdCandidate> choice;
  std::tuple<uint64_t, UnixMillis> best(kGivenUp, 0);
  for (const auto& [id, before] : movable_before) {
    const CatalogObjectPtr table = state->catalog()->Find(id);
    if (table == nullptr) continue;
    const TablePolicy policy = WithDefaults(TablePolicyOf(*table->table), parts_.default_policy);
    if (!policy.warm_age && !is_warm_full) continue;
    for (ColdCandidate& candidate : ColdCandidates(table, state->Table(id), before, policy, merges,
                                                   parts_.clock.NowMillis())) {
      if (!candidate.is_old && !is_warm_full) continue;
      const auto failure = failed_.find({id, candidate.run->id()});
      const std::tuple rank(failure == failed_.end() ? 0 : failure->second, candidate.newest);
      if (std::get<0>(rank) == kGivenUp || rank >= best) continue;
      best = rank;
      choice = std::move(candidate);
    }
  }
  return choice;
}

Status ColdMover::Move(const ColdCandidate& candidate, const MergePolicy& merges,
                       const MergePace& pace) {
  if (candidate.run->deleted_count() > 0) {
    return parts_.compactor.Rewrite(candidate.table, candidate.run, merges, pace);
  }
  LUMA_RETURN_IF_ERROR(CheckDiskRoom(candidate));
  LUMA_RETURN_IF_ERROR(parts_.flusher.KeepEpoch());
  LUMA_RETURN_IF_ERROR(parts_.tier.Claim());
  const ObjectId table = candidate.table->id;
  const CoolRequest request{.table = candidate.table,
                            .source = candidate.run,
                            .series = SeriesFor(*candidate.table),
                            .stem = parts_.flusher.NextFileStem(table, candidate.run->id()),
                            .key_prefix = ColdTablePrefix(parts_.database_prefix, table),
                            .writer_epoch = parts_.flusher.epoch()};
  LUMA_ASSIGN_OR_RETURN(const CooledRun cooled, CoolRun(parts_.tier, request, parts_.budget, pace));
  // Once more, as the segment file is about to go: whoever has claimed the tier since would take
  // the new objects for garbage.
  if (const Status claimed = parts_.tier.Claim(); !claimed.ok()) {
    cooled.run->MarkObsolete();
    return claimed;
  }
  LUMA_RETURN_IF_ERROR(parts_.flusher.Install(cooled));
  ColdMetrics& metrics = ColdMetrics::Get();
  metrics.moved_runs.Add();
  metrics.moved_rows.Add(cooled.record.row_count);
  metrics.moved_bytes.Add(cooled.record.cold->bytes);
  MutexLock lock(report_mutex_);
  ++report_.moved_runs;
  report_.moved_bytes += cooled.record.cold->bytes;
  return Status::Ok();
}

Status ColdMover::CheckDiskRoom(const ColdCandidate& candidate) const {
  const uint64_t bytes = candidate.run->run()->file_bytes() * kFileGrowth;
  LUMA_ASSIGN_OR_RETURN(const uint64_t free,
                        parts_.tier.fs().FreeBytes(parts_.tier.directory().cold()));
  if (free >= bytes && free - bytes >= kFreeBytesMin) return Status::Ok();
  return Status::DiskFull("no room to prepare a move to the cold tier: needed=", bytes,
                          " free=", free, " to_stay_free=", kFreeBytesMin);
}

TableSnapshotPtr ColdMover::SeriesFor(const CatalogObject& table) const {
  const bool has_series =
      table.id == kRollupsTableId || std::ranges::count(kSampleTableIds, table.id) > 0;
  if (!has_series) return nullptr;
  const DatabaseStatePtr state = parts_.states.Published();
  return std::make_shared<const TableSnapshot>(state->catalog()->Find(kSeriesTableId),
                                               state->Table(kSeriesTableId).Views());
}

void ColdMover::NoteFailure(const RunKey& run, const Status& status) {
  ColdMetrics::Get().failures.Add();
  failed_[run] = IsForGood(status.code()) ? kGivenUp : ++failures_;
  if (IsForGood(status.code())) {
    LUMA_LOG(kError, "storage", "a run stays in its segment file: {}", status.message());
  }
  Note(status);
  MutexLock lock(report_mutex_);
  ++report_.failures;
}

Status ColdMover::PublishAndCollect() {
  MutexLock lock(mutex_);
  const DatabaseStatePtr state = parts_.states.Published();
  ColdMetrics::Get().objects.Set(static_cast<double>(state->totals().cold_objects));
  ColdMetrics::Get().bytes.Set(static_cast<double>(state->totals().cold_bytes));
  const Status found = FindSidecars(*state);
  const Status changed = ChangeStore(*state);
  return changed.ok() ? found : changed;
}

Status ColdMover::FindSidecars(const DatabaseState& state) {
  Status first_error;
  state.ForEachTable([&](ObjectId, const TableVersionPtr& version) {
    if (version->totals().cold_objects == 0) return;
    version->ForEachRun([&](const RunVersionPtr& run) {
      if (run->run()->tier() != Tier::kCold) return;
      const Status found = static_cast<const ColdRun&>(*run->run()).FindSidecar();
      if (first_error.ok()) first_error = found;
    });
  });
  return first_error;
}

Status ColdMover::ChangeStore(const DatabaseState& state) {
  if (is_swept_ && parts_.tier.discarded_count() == 0 && manifests_.IsUpToDate(state)) {
    return Status::Ok();
  }
  LUMA_RETURN_IF_ERROR(parts_.tier.Claim());
  LUMA_RETURN_IF_ERROR(manifests_.Publish(state));
  if (!is_swept_) {
    LUMA_RETURN_IF_ERROR(Sweep());
    is_swept_ = true;
  }
  return parts_.tier.DeleteDiscarded();
}

// Nobody but this process writes below the prefix, so what an earlier epoch wrote and the manifest
// did not name at the start can be in no manifest ever.
Status ColdMover::Sweep() {
  // They cost room, and nothing else: a store that does not let us list them is no reason to stop.
  const auto left_over = parts_.tier.store().RemoveLeftovers(parts_.database_prefix);
  if (!left_over.ok()) {
    LUMA_LOG(kWarn, "storage", "leftovers of uploads stay: {}", left_over.status().message());
  } else if (*left_over > 0) {
    LUMA_LOG(kInfo, "storage", "removed leftovers of uploads: count={}", *left_over);
  }
  LUMA_ASSIGN_OR_RETURN(const auto objects, parts_.tier.store().List(parts_.database_prefix));
  for (const io::ObjectInfo& object : objects) {
    const std::optional<uint64_t> epoch = EpochOfColdKey(object.key);
    const bool is_left_over = epoch && *epoch < parts_.flusher.epoch();
    if (is_left_over && !parts_.keys_at_start.contains(object.key)) {
      parts_.tier.Discard(object.key);
    }
  }
  return Status::Ok();
}

ColdReport ColdMover::Report() const {
  MutexLock lock(report_mutex_);
  ColdReport report = report_;
  report.is_configured = true;
  report.garbage_objects = parts_.tier.discarded_count();
  return report;
}

void ColdMover::Note(const Status& status) {
  MutexLock lock(report_mutex_);
  report_.last_error = status.ok() ? "" : status.ToString();
  if (!status.ok()) report_.last_error_at = parts_.clock.NowMillis();
}

}  // namespace luma::storage
