// Downsampling: old samples are replaced by rollups of their buckets. See
// docs/adr/0008-downsampling.md.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "model/matcher.h"
#include "model/sample.h"
#include "storage/engine.h"
#include "storage/metrics/rollup_batch.h"
#include "storage/metrics/series_directory.h"
#include "storage/retention/downsampling_reports.h"

namespace luma::storage {

// Samples of the series that match are replaced by one rollup a `resolution` once they are older
// than `after`.
struct DownsamplingRule {
  std::string match_text;  // rules of one text are levels of one plan
  Matchers match;
  std::chrono::milliseconds after{0};
  std::chrono::milliseconds resolution{0};
};

// Threads: every method from any thread; passes run one at a time. Lifetime: references must
// outlive it.
class Downsampler {
 public:
  // So many rows are replaced by one commit: 16 MiB while it is made.
  static constexpr uint64_t kRowsPerCommit = 512 * 1024;

  // Rows that a flush or a merge is moving cannot be replaced; it is tried again for so long, and
  // after that once only until rows can be replaced again, or a pass would wait for every day.
  Downsampler(MultiTierStorage& engine, const SeriesDirectory& series,
              std::chrono::milliseconds conflict_wait_max,
              uint64_t rows_per_commit = kRowsPerCommit)
      : engine_(engine),
        series_(series),
        conflict_wait_max_(conflict_wait_max),
        rows_per_commit_(rows_per_commit) {}

  // From the next pass on. Resolutions divide a day. Of the rules with one match_text, a coarser
  // one has a later `after`, and its resolution is a multiple of the finer one's.
  void SetRules(std::vector<DownsamplingRule> rules) LUMA_EXCLUDES(rules_mutex_);

  // Rolls up what has become old since the pass before; every 24th time, and the first time after
  // SetRules, also late samples of older buckets. Blocks for I/O. A day that fails keeps no other
  // from being done; it is in the log and in the reports, and a later pass tries it again. Errors,
  // the first of them: kUnavailable when rows stayed in motion, kOutOfMemory, those of Transaction
  // and of reading; kCancelled.
  Status Pass() LUMA_EXCLUDES(pass_mutex_, rules_mutex_);
  // A pass under way, at its next block, and later ones end with kCancelled: the store is closing.
  void Cancel() { is_cancelled_ = true; }

  // Of all passes since the start.
  RollupCounts totals() const;

 private:
  struct Level {
    int64_t after_ms = 0;
    int64_t resolution_ms = 0;
    UnixMillis done_until = 0;              // nothing up to here is left, but for late samples
    std::chrono::milliseconds patience{0};  // with rows in motion
    DownsamplingReport report;
  };
  // Days of one level that a pass could not do.
  struct Failures {
    uint64_t days = 0;
    UnixMillis from = 0;  // where the first begins
    UnixMillis until = 0;
    Status first;
    void Add(TimeRange times, const Status& status);
  };
  // The first plan that matches a series counts.
  struct Plan {
    Matchers match;
    std::vector<Level> levels;  // the coarsest first: it takes what is oldest
  };

  static std::vector<Plan> PlansOf(const std::vector<DownsamplingRule>& rules);
  static std::vector<DownsamplingReport> ReportsOf(const std::vector<Plan>& plans);
  void TakeNewRules() LUMA_REQUIRES(pass_mutex_) LUMA_EXCLUDES(rules_mutex_);
  // Where samples may be that a pass rolls up, by whatever plan.
  static TimeRange TimesOf(const std::vector<Plan>& plans, UnixMillis now, bool is_full);
  void PublishReports() LUMA_REQUIRES(pass_mutex_) LUMA_EXCLUDES(rules_mutex_);

  // Of the levels of one plan; the first error, after all have been tried.
  Status RollUpPlan(Plan& plan, const SeriesBitmap& series, UnixMillis now, bool is_full)
      LUMA_REQUIRES(pass_mutex_);
  // Day by day: runs hold a day each, and a commit should touch few of them.
  Failures RollUpDays(Level& level, const SeriesBitmap& series, UnixMillis from, UnixMillis until);
  // Halves the time down to a day, then the series, then the time again, at last inside of a
  // bucket, until the rows fit one commit and the memory there is. Gives the rows replaced.
  Result<uint64_t> RollUp(Level& level, const SeriesBitmap& series, TimeRange times);
  Result<uint64_t> RollUpHalves(Level& level, const SeriesBitmap& series, TimeRange times);
  Result<std::optional<RollupCounts>> CommitPatiently(Level& level, const RollupBatch& batch);
  static void Report(Level& level, const Failures& failures, UnixMillis now);
  void Count(const RollupCounts& counts, DownsamplingReport& report);

  MultiTierStorage& engine_;
  const SeriesDirectory& series_;
  const std::chrono::milliseconds conflict_wait_max_;
  const uint64_t rows_per_commit_;
  std::atomic<bool> is_cancelled_{false};
  std::atomic<uint64_t> samples_in_{0};
  std::atomic<uint64_t> rollups_in_{0};
  std::atomic<uint64_t> rollups_out_{0};
  std::atomic<uint64_t> commits_{0};

  Mutex pass_mutex_;  // taken before rules_mutex_; held for as long as a pass takes
  std::vector<Plan> plans_ LUMA_GUARDED_BY(pass_mutex_);
  uint64_t passes_ LUMA_GUARDED_BY(pass_mutex_) = 0;
  Mutex rules_mutex_;
  std::optional<std::vector<Plan>> new_plans_ LUMA_GUARDED_BY(rules_mutex_);
};

}  // namespace luma::storage
