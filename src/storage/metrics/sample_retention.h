// Retention of samples by label selector.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "base/mutex.h"
#include "model/matcher.h"
#include "storage/engine.h"
#include "storage/metrics/sample_deleter.h"
#include "storage/metrics/series_directory.h"
#include "storage/metrics/series_sweeper.h"

namespace luma::storage {

// Samples of the series that match are kept for so long. The first rule that matches a series
// counts. The retention of the table holds as well: a rule can only shorten it.
struct RetentionRule {
  Matchers match;
  std::chrono::milliseconds keep{0};
};

// Deletes what the rules let expire, by the engine's ExpiryClock.
// Threads: every method from any thread; passes run one at a time. Lifetime: references must
// outlive it.
class SampleRetention {
 public:
  SampleRetention(MultiTierStorage& engine, const SeriesDirectory& series, SampleDeleter& deleter,
                  SeriesSweeper& sweeper)
      : engine_(engine), series_(series), deleter_(deleter), sweeper_(sweeper) {}

  void SetRules(std::vector<RetentionRule> rules) LUMA_EXCLUDES(mutex_);
  // Then removes series without samples. Gives the number of samples deleted. A pass looks at what
  // has expired since the one before; every 24th, and the first after SetRules, at everything, for
  // samples that came late, and exemplars from before or after all samples of a retired series.
  // Errors: those of Delete and Sweep, after all other rules were applied; those of finding the
  // series of a rule, without those after it. The next pass does the rest.
  Result<uint64_t> Pass() LUMA_EXCLUDES(mutex_);

 private:
  struct State {
    RetentionRule rule;
    UnixMillis applied_to = INT64_MIN;  // nothing older is left, but for late samples
  };

  TimeRange NewlyExpired(UnixMillis now) const LUMA_REQUIRES(mutex_);

  MultiTierStorage& engine_;
  const SeriesDirectory& series_;
  SampleDeleter& deleter_;
  SeriesSweeper& sweeper_;
  Mutex mutex_;
  std::vector<State> rules_ LUMA_GUARDED_BY(mutex_);
  uint64_t passes_ LUMA_GUARDED_BY(mutex_) = 0;
};

}  // namespace luma::storage
