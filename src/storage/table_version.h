// The rows of one table after one commit: its runs and their deleted rows.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "storage/hot/hot_run.h"
#include "storage/run_version.h"

namespace luma::storage {

// What runs hold, deleted rows included.
struct RunTotals {
  uint64_t hot_rows = 0;
  uint64_t warm_rows = 0;
  uint64_t warm_bytes = 0;
  uint64_t warm_segments = 0;
  uint64_t cold_rows = 0;
  uint64_t cold_bytes = 0;
  uint64_t cold_objects = 0;

  uint64_t rows() const { return hot_rows + warm_rows + cold_rows; }
  void Add(const RunVersion& run);
  void Subtract(const RunVersion& run);
  RunTotals& operator+=(const RunTotals& other);
  RunTotals& operator-=(const RunTotals& other);
};

// A value whose copies share everything, so a commit of one row copies a few pointers. Immutable
// once inside a DatabaseState; the methods below make the next version out of a copy.
// Invariants:
//  (1) Runs are in ascending order of id, all below next_run(); the growing run is the last.
//  (2) Only the growing run gets more rows, and only from the sequencer.
class TableVersion {
 public:
  using RunList = std::vector<RunVersionPtr>;

  const RunList& sealed() const { return *sealed_; }
  // Null when the next append starts a run.
  const RunVersionPtr& growing() const { return growing_; }
  RunId next_run() const { return next_run_; }
  // The commit that last changed rows: equal numbers mean equal rows.
  CommitNumber modified() const { return modified_; }
  const RunTotals& totals() const { return totals_; }
  // Rows that commits of this process have deleted, runs that are gone included.
  uint64_t rows_deleted() const { return rows_deleted_; }

  RunVersionPtr Find(RunId id) const;
  bool has_runs() const { return growing_ != nullptr || !sealed_->empty(); }
  // All runs, as a TableSnapshot wants them.
  std::vector<std::shared_ptr<const RunView>> Views() const;
  template <typename Visit>
  void ForEachRun(Visit&& visit) const {
    for (const RunVersionPtr& run : *sealed_) visit(run);
    if (growing_ != nullptr) visit(growing_);
  }

  void set_modified(CommitNumber commit) { modified_ = commit; }
  void set_next_run(RunId id) { next_run_ = id; }
  // The growing run, if any, gets no more rows.
  void Seal();
  // The growing run is now `run`, of which `rows` rows are visible.
  void Grow(HotRunPtr run, uint32_t rows);
  // Adds a run behind all others; there is no growing run.
  void AddSealed(RunVersionPtr run);
  // Puts `version` in the place of the run of that id, which exists.
  void Replace(const RunVersionPtr& version);
  void Remove(RunId id);
  // Deletes the positions of `deletes` in run `id`, which exists.
  void Delete(RunId id, const DeleteBitmapPtr& deletes);
  // Removes all runs with an id below `first_kept`.
  void Truncate(RunId first_kept);

 private:
  RunList CopySealed() const { return *sealed_; }
  void SetSealed(RunList runs) { sealed_ = std::make_shared<const RunList>(std::move(runs)); }

  static const std::shared_ptr<const RunList>& EmptyList();

  std::shared_ptr<const RunList> sealed_ = EmptyList();
  RunVersionPtr growing_;
  uint64_t rows_deleted_ = 0;
  RunId next_run_{1};
  CommitNumber modified_{};
  RunTotals totals_;
};
using TableVersionPtr = std::shared_ptr<const TableVersion>;

constexpr RunId NextRun(RunId id) { return RunId{static_cast<uint32_t>(id) + 1}; }

}  // namespace luma::storage
