#include "storage/metrics/sample_retention.h"

#include <algorithm>
#include <utility>

#include "storage/maintenance.h"

namespace luma::storage {
namespace {

constexpr uint64_t kPassesPerFullOne = 24;

}  // namespace

void SampleRetention::SetRules(std::vector<RetentionRule> rules) {
  MutexLock lock(mutex_);
  rules_.clear();
  for (RetentionRule& rule : rules) rules_.push_back({.rule = std::move(rule)});
}

Result<uint64_t> SampleRetention::Pass() {
  MutexLock lock(mutex_);
  const UnixMillis now = engine_.maintenance().expiry_clock().Now();
  const bool is_full = passes_++ % kPassesPerFullOne == 0;
  // The same for all rules, or a series that the first leaves out would fall to the second.
  const TimeRange times = is_full ? TimeRange() : NewlyExpired(now);
  SeriesBitmap unmatched;
  if (!rules_.empty()) {
    LUMA_ASSIGN_OR_RETURN(unmatched, series_.Select({}, times));
  }
  uint64_t deleted = 0;
  Status failed;
  for (State& state : rules_) {
    const Result<SeriesBitmap> matching = series_.Select(state.rule.match, times);
    if (!matching.ok()) {
      failed = matching.status();  // it may keep what later rules would let expire
      break;
    }
    const SeriesBitmap series = *matching & unmatched;
    unmatched -= series;
    const UnixMillis cutoff = now - state.rule.keep.count();
    const TimeRange expired{.min = is_full ? INT64_MIN : state.applied_to, .max = cutoff - 1};
    const Result<uint64_t> rows = deleter_.Delete(series, expired);
    if (!rows.ok()) {
      failed = rows.status();  // that of one rule keeps nothing that others let expire
      continue;
    }
    deleted += *rows;
    state.applied_to = cutoff;
  }
  const Status swept = sweeper_.SweepIfNeeded().status();
  if (!failed.ok()) return failed;
  LUMA_RETURN_IF_ERROR(swept);
  return deleted;
}

// What all rules together let expire that they did not before.
TimeRange SampleRetention::NewlyExpired(UnixMillis now) const {
  TimeRange times{.min = INT64_MAX, .max = INT64_MIN};
  for (const State& state : rules_) {
    times.min = std::min(times.min, state.applied_to);
    times.max = std::max(times.max, now - state.rule.keep.count());
  }
  return times;
}

}  // namespace luma::storage
