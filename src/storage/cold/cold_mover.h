// Moves runs from segment files to the cold tier: chooses, copies, puts the copy in the place of
// the original. docs/adr/0004-cold-tier.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "storage/cold/cold_choice.h"
#include "storage/cold/cold_report.h"
#include "storage/cold/cold_tier.h"
#include "storage/cold/run_cooler.h"
#include "storage/cold/table_manifest.h"
#include "storage/compaction/compactor.h"
#include "storage/flusher.h"
#include "storage/state_store.h"

namespace luma::storage {

// Threads: every method from any thread; moves run one at a time, beside flushes, merges and
// commits. Lifetime: references must outlive it.
class ColdMover {
 public:
  struct Parts {
    ColdTier& tier;  // with a store
    Flusher& flusher;
    Compactor& compactor;
    StateStore& states;
    MemoryBudget& budget;
    const Clock& clock;
    std::string database_prefix;  // cold_keys.h
    TablePolicy default_policy;
    std::optional<uint64_t> warm_bytes_max;
    // Keys of the objects that the manifest named at the start.
    std::set<std::string> keys_at_start;
  };
  explicit ColdMover(Parts parts)
      : parts_(std::move(parts)),
        manifests_(parts_.tier, parts_.database_prefix, parts_.flusher.epoch()) {}

  // All moves that are due, one after the other up to the first failure; then, in any case but
  // kCancelled, brings the object store up to date. Errors: the first of those below.
  Status Pass(const MergePolicy& merges, const MergePace& pace) LUMA_EXCLUDES(mutex_);

  // Without what the tables have.
  ColdReport Report() const LUMA_EXCLUDES(report_mutex_);
  // An error of a pass, for the report; OK clears it.
  void Note(const Status& status) LUMA_EXCLUDES(report_mutex_);

 private:
  using RunKey = std::pair<ObjectId, RunId>;
  static constexpr uint64_t kGivenUp = UINT64_MAX;  // until the next start

  // Moves the next run; one that has deleted rows is rewritten without them first, by a call of its
  // own. False when none is due. Errors: those of CoolRun, Compactor::Rewrite and Flusher::Install
  // but kConflict; nothing has changed then, and later calls turn to other runs first. A run that
  // is damaged, or that the format does not keep, is moved no more until the next start.
  Result<bool> MoveOnce(const MergePolicy& merges, const MergePace& pace) LUMA_EXCLUDES(mutex_);
  Status MoveAll(const MergePolicy& merges, const MergePace& pace) LUMA_EXCLUDES(mutex_);
  // Brings sidecars and the object store up to date.
  Status PublishAndCollect() LUMA_EXCLUDES(mutex_);
  // Sidecars that were lost: not only readers need them, but also retention and merges.
  Status FindSidecars(const DatabaseState& state) LUMA_REQUIRES(mutex_);
  // Tells other engines what there is, TableManifests::Publish, and then deletes what nobody needs
  // from the object store: objects of runs that were merged, dropped or never finished, and, once
  // per start, those that writers before this one have left behind.
  Status ChangeStore(const DatabaseState& state) LUMA_REQUIRES(mutex_);

  std::optional<ColdCandidate> Choose(const MergePolicy& merges) LUMA_REQUIRES(mutex_);
  Status Move(const ColdCandidate& candidate, const MergePolicy& merges, const MergePace& pace)
      LUMA_REQUIRES(mutex_);
  Status CheckDiskRoom(const ColdCandidate& candidate) const;
  TableSnapshotPtr SeriesFor(const CatalogObject& table) const;
  void NoteFailure(const RunKey& run, const Status& status) LUMA_REQUIRES(mutex_)
      LUMA_EXCLUDES(report_mutex_);
  // Objects of earlier writers that the manifest did not name at the start, and parts of uploads.
  Status Sweep() LUMA_REQUIRES(mutex_);

  const Parts parts_;
  Mutex mutex_;  // taken before the compactor's and the flusher's
  // The number of a run's last failure.
  std::map<RunKey, uint64_t> failed_ LUMA_GUARDED_BY(mutex_);
  uint64_t failures_ LUMA_GUARDED_BY(mutex_) = 0;
  bool is_swept_ LUMA_GUARDED_BY(mutex_) = false;
  TableManifests manifests_ LUMA_GUARDED_BY(mutex_);

  mutable Mutex report_mutex_;  // innermost
  ColdReport report_ LUMA_GUARDED_BY(report_mutex_);
};

}  // namespace luma::storage
