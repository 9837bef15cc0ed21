#include "promql/bucket_spans.h"

#include <algorithm>
#include <utility>

namespace luma::promql {
namespace {

// Of buckets of several samples, each time once, ascending.
std::vector<Sample> FirstSamples(std::span<const RollupPoint> buckets) {
  std::vector<Sample> firsts;
  for (const RollupPoint& bucket : buckets) {
    const Rollup& rollup = bucket.rollup;
    if (rollup.first_ts < rollup.last_ts) firsts.push_back({rollup.first_ts, rollup.first});
  }
  std::ranges::sort(firsts, {}, &Sample::timestamp);
  const auto repeated = std::ranges::unique(firsts, {}, &Sample::timestamp);
  firsts.erase(repeated.begin(), repeated.end());
  return firsts;
}

}  // namespace

BucketSpans::BucketSpans(std::span<const RollupPoint> buckets) {
  std::vector<TimeRange> times;
  times.reserve(buckets.size());
  for (const RollupPoint& bucket : buckets) {
    times.push_back({.min = bucket.rollup.first_ts, .max = bucket.rollup.last_ts});
  }
  if (!std::ranges::is_sorted(times, {}, &TimeRange::min)) {
    std::ranges::sort(times, {}, &TimeRange::min);
  }
  for (const TimeRange& time : times) {
    if (spans_.empty() || spans_.back().max < time.min) {
      spans_.push_back(time);
    } else {
      spans_.back().max = std::max(spans_.back().max, time.max);
    }
  }
}

const TimeRange* BucketSpans::At(UnixMillis time) const {
  const auto after = std::ranges::upper_bound(spans_, time, {}, &TimeRange::min);
  if (after == spans_.begin() || std::prev(after)->max < time) return nullptr;
  return &*std::prev(after);
}

bool BucketSpans::AreCutAt(UnixMillis time) const {
  const TimeRange* const span = At(time);
  return span != nullptr && time < span->max;
}

bool BucketSpans::ReachInto(UnixMillis start, UnixMillis end) const {
  const auto first = std::ranges::upper_bound(spans_, start, {}, &TimeRange::max);
  return first != spans_.end() && first->min <= end;
}

SeriesSamples WithFirstSamples(SeriesSamples series, const BucketSpans& spans) {
  const std::vector<Sample> firsts = FirstSamples(series.rollups);
  SeriesSamples all;
  all.labels = std::move(series.labels);
  const bool has_histograms = !series.histograms.empty();
  const bool has_starts = !series.start_times.empty();
  const auto push = [&](UnixMillis timestamp, double value, HistogramPtr histogram,
                        UnixMillis start) {
    all.timestamps.push_back(timestamp);
    all.values.push_back(value);
    if (has_histograms) all.histograms.push_back(std::move(histogram));
    if (has_starts) all.start_times.push_back(start);
  };
  auto first = firsts.begin();
  for (size_t i = 0; i < series.timestamps.size(); ++i) {
    const UnixMillis timestamp = series.timestamps[i];
    for (; first != firsts.end() && first->timestamp < timestamp; ++first) {
      push(first->timestamp, first->value, nullptr, 0);
    }
    if (IsStaleNan(series.values[i]) && spans.AreCutAt(timestamp)) continue;
    // What was written for that time again is newer.
    if (first != firsts.end() && first->timestamp == timestamp) ++first;
    push(timestamp, series.values[i], has_histograms ? series.histograms[i] : nullptr,
         has_starts ? series.start_times[i] : 0);
  }
  return all;
}

bool CutBuckets(const RangeValue& range, const BucketSpans& spans) {
  return !spans.is_empty() && std::ranges::any_of(range.ends, [&](UnixMillis end) {
    return spans.AreCutAt(end) || spans.AreCutAt(SaturatingAdd(end, -range.length_ms));
  });
}

}  // namespace luma::promql
