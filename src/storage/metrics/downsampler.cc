#include "storage/metrics/downsampler.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "storage/maintenance.h"
#include "storage/metrics/rollup_rows.h"

namespace luma::storage {
namespace {

constexpr uint64_t kPassesPerFullOne = 24;
constexpr std::chrono::milliseconds kConflictPause{10};

// The end of the last bucket that is over at `time`.
UnixMillis LastBucketEnd(UnixMillis time, int64_t resolution_ms) {
  return BucketEnd(time - resolution_ms + 1, resolution_ms);
}

SeriesBitmap FirstHalf(const SeriesBitmap& series) {
  uint32_t last = 0;
  LUMA_CHECK(series.select(static_cast<uint32_t>(series.cardinality() / 2 - 1), &last));
  SeriesBitmap half;
  half.addRange(0, uint64_t{last} + 1);
  return half & series;
}

}  // namespace

void Downsampler::SetRules(std::vector<DownsamplingRule> rules) {
  std::vector<Plan> plans = PlansOf(rules);
  MutexLock lock(rules_mutex_);
  engine_.maintenance().downsampling().Set(ReportsOf(plans));
  new_plans_ = std::move(plans);
}

std::vector<Downsampler::Plan> Downsampler::PlansOf(const std::vector<DownsamplingRule>& rules) {
  std::vector<Plan> plans;
  std::vector<std::string_view> texts;
  for (const DownsamplingRule& rule : rules) {
    const auto found = std::ranges::find(texts, rule.match_text);
    const auto index = static_cast<size_t>(found - texts.begin());
    if (found == texts.end()) {
      texts.push_back(rule.match_text);
      plans.push_back({.match = rule.match, .levels = {}});
    }
    Level level{
        .after_ms = rule.after.count(), .resolution_ms = rule.resolution.count(), .report = {}};
    level.report.match = rule.match_text;
    level.report.after = rule.after;
    level.report.resolution = rule.resolution;
    plans[index].levels.push_back(std::move(level));
  }
  for (Plan& plan : plans) {
    std::ranges::sort(plan.levels, std::greater(), &Level::resolution_ms);
  }
  return plans;
}

std::vector<DownsamplingReport> Downsampler::ReportsOf(const std::vector<Plan>& plans) {
  std::vector<DownsamplingReport> reports;
  for (const Plan& plan : plans) {
    for (size_t i = plan.levels.size(); i-- > 0;) reports.push_back(plan.levels[i].report);
  }
  return reports;
}

void Downsampler::TakeNewRules() {
  MutexLock lock(rules_mutex_);
  if (!new_plans_) return;
  plans_ = *std::exchange(new_plans_, std::nullopt);
  passes_ = 0;
}

void Downsampler::PublishReports() {
  MutexLock lock(rules_mutex_);
  if (!new_plans_) engine_.maintenance().downsampling().Set(ReportsOf(plans_));
}

Status Downsampler::Pass() {
  MutexLock lock(pass_mutex_);
  TakeNewRules();
  if (plans_.empty()) return Status::Ok();
  const bool is_full = passes_++ % kPassesPerFullOne == 0;
  // The same for all plans, or a series that the first leaves out would fall to the second.
  const UnixMillis now = engine_.maintenance().expiry_clock().Now();
  const TimeRange times = TimesOf(plans_, now, is_full);
  LUMA_ASSIGN_OR_RETURN(SeriesBitmap unmatched, series_.Select({}, times));
  Status result;
  for (Plan& plan : plans_) {
    const Result<SeriesBitmap> matching = series_.Select(plan.match, times);
    // Without it nobody knows which series are left to the plans after it.
    if (!matching.ok()) return result.ok() ? matching.status() : result;
    const SeriesBitmap series = *matching & unmatched;
    unmatched -= series;
    const Status status = RollUpPlan(plan, series, now, is_full);
    if (result.ok()) result = status;
  }
  return result;
}

TimeRange Downsampler::TimesOf(const std::vector<Plan>& plans, UnixMillis now, bool is_full) {
  TimeRange times{.min = INT64_MAX, .max = INT64_MIN};
  for (const Plan& plan : plans) {
    for (const Level& level : plan.levels) {
      times.min = std::min(times.min, is_full ? 0 : level.done_until);
      times.max = std::max(times.max, now - level.after_ms);
    }
  }
  return times;
}

Status Downsampler::RollUpPlan(Plan& plan, const SeriesBitmap& series, UnixMillis now,
                               bool is_full) {
  UnixMillis from = 0;  // samples from before 1970 stay
  Status result;
  for (Level& level : plan.levels) {
    const UnixMillis until = LastBucketEnd(now - level.after_ms, level.resolution_ms);
    const Failures failures =
        RollUpDays(level, series, is_full ? from : std::max(from, level.done_until), until);
    if (result.ok()) result = failures.first;
    level.done_until =
        std::max(level.done_until, failures.first.ok() ? until : std::min(failures.from, until));
    from = std::max(from, until);
    Report(level, failures, now);
    PublishReports();
  }
  return result;
}

void Downsampler::Report(Level& level, const Failures& failures, UnixMillis now) {
  ++level.report.passes;
  level.report.last_pass = now;
  level.report.done_until = level.done_until;
  level.report.failed_days = failures.days;
  level.report.last_error = failures.first.message();
  if (failures.days == 0) return;
  LUMA_LOG(kWarn, "storage",
           "days were not rolled up: days={} from_ms={} until_ms={} resolution_ms={} match={}: {}",
           failures.days, failures.from, failures.until, level.resolution_ms, level.report.match,
           failures.first.message());
}

void Downsampler::Failures::Add(TimeRange times, const Status& status) {
  if (first.ok()) {
    first = status;
    from = times.min - 1;
  }
  if (status.code() == StatusCode::kCancelled) return;
  ++days;
  until = times.max;
}

Downsampler::Failures Downsampler::RollUpDays(Level& level, const SeriesBitmap& series,
                                              UnixMillis from, UnixMillis until) {
  level.patience = conflict_wait_max_;
  Failures failures;
  int64_t days = 1;  // doubled where there is nothing, to pass over decades
  while (from < until && !series.isEmpty()) {
    const UnixMillis days_end = BucketEnd(from + 1, kDayMillis) + (days - 1) * kDayMillis;
    const TimeRange times{.min = from + 1, .max = std::min(until, days_end)};
    const Result<uint64_t> rows = RollUp(level, series, times);
    const bool is_cancelled = rows.status().code() == StatusCode::kCancelled;
    if (!rows.ok() && days > 1 && !is_cancelled) {
      days = 1;  // only the days that fail are left out
      continue;
    }
    if (!rows.ok()) failures.Add(times, rows.status());
    if (is_cancelled) break;
    days = rows.ok() && *rows == 0 ? days * 2 : 1;
    from = times.max;
  }
  return failures;
}

Result<uint64_t> Downsampler::RollUp(Level& level, const SeriesBitmap& series, TimeRange times) {
  // One series has one sample a millisecond, and few rows end in it.
  const bool is_smallest = series.cardinality() == 1 && times.min == times.max;
  const RollupBatch batch{.series = series,
                          .times = times,
                          .resolution_ms = level.resolution_ms,
                          .rows_max = is_smallest ? UINT64_MAX : rows_per_commit_,
                          .cancelled = &is_cancelled_};
  const Result<std::optional<RollupCounts>> counts = CommitPatiently(level, batch);
  const bool is_too_large =
      counts.ok() ? !*counts : counts.status().code() == StatusCode::kOutOfMemory;
  if (is_too_large && !is_smallest) return RollUpHalves(level, series, times);
  LUMA_RETURN_IF_ERROR(counts.status());
  Count(**counts, level.report);
  return (*counts)->samples_in + (*counts)->rollups_in;
}

Result<uint64_t> Downsampler::RollUpHalves(Level& level, const SeriesBitmap& series,
                                           TimeRange times) {
  const int64_t length = times.max - times.min + 1;
  const bool is_long = length > kDayMillis;
  uint64_t rows = 0;
  const auto add = [&](const SeriesBitmap& of, TimeRange in) {
    const Result<uint64_t> rolled_up = RollUp(level, of, in);
    if (rolled_up.ok()) rows += *rolled_up;
    return rolled_up.status();
  };
  if (series.cardinality() > 1 && !is_long) {
    const SeriesBitmap first = FirstHalf(series);
    LUMA_RETURN_IF_ERROR(add(first, times));
    LUMA_RETURN_IF_ERROR(add(series - first, times));
    return rows;
  }
  // Parts of one bucket follow each other in time, so that their rows add up exactly.
  const int64_t unit = is_long                        ? kDayMillis
                       : length > level.resolution_ms ? level.resolution_ms
                                                      : 1;
  // Rounded down, but after the first unit: there are two or more.
  const UnixMillis middle = std::max(BucketEnd(times.min, unit),
                                     LastBucketEnd(times.min + (times.max - times.min) / 2, unit));
  LUMA_RETURN_IF_ERROR(add(series, {.min = times.min, .max = middle}));
  LUMA_RETURN_IF_ERROR(add(series, {.min = middle + 1, .max = times.max}));
  return rows;
}

Result<std::optional<RollupCounts>> Downsampler::CommitPatiently(Level& level,
                                                                 const RollupBatch& batch) {
  const auto end = std::chrono::steady_clock::now() + level.patience;
  while (true) {
    if (is_cancelled_) return Status::Cancelled("store is closing");
    Result<std::optional<RollupCounts>> counts = CommitRollups(engine_, batch);
    if (counts.status().code() != StatusCode::kConflict) {
      const bool has_replaced = counts.ok() && *counts && (*counts)->commits > 0;
      if (has_replaced) level.patience = conflict_wait_max_;
      return counts;
    }
    if (std::chrono::steady_clock::now() >= end) {
      level.patience = std::chrono::milliseconds(0);
      return Status::Unavailable("samples cannot be rolled up now: ", counts.status().message());
    }
    std::this_thread::sleep_for(kConflictPause);
  }
}

void Downsampler::Count(const RollupCounts& counts, DownsamplingReport& report) {
  report.samples_in += counts.samples_in;
  report.rollups_in += counts.rollups_in;
  report.rollups_out += counts.rollups_out;
  report.commits += counts.commits;
  samples_in_ += counts.samples_in;
  rollups_in_ += counts.rollups_in;
  rollups_out_ += counts.rollups_out;
  commits_ += counts.commits;
}

RollupCounts Downsampler::totals() const {
  return {.samples_in = samples_in_,
          .rollups_in = rollups_in_,
          .rollups_out = rollups_out_,
          .commits = commits_};
}

}  // namespace luma::storage
