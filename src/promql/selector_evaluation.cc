#include "promql/selector_evaluation.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "promql/histogram_annotations.h"
#include "promql/histogram_rate.h"
#include "promql/histogram_windows.h"

namespace luma::promql {
namespace {

double SecondsOf(UnixMillis time) { return static_cast<double>(time) / 1000; }

void DropStaleMarkers(SeriesSamples& series) {
  size_t kept = 0;
  size_t bucket = 0;
  for (size_t i = 0; i < series.values.size(); ++i) {
    if (IsStaleNan(series.values[i])) continue;
    if (bucket < series.rollups.size() && series.rollups[bucket].point == i) {
      series.rollups[bucket++].point = kept;
    }
    series.timestamps[kept] = series.timestamps[i];
    if (!series.histograms.empty()) series.histograms[kept] = std::move(series.histograms[i]);
    series.values[kept++] = series.values[i];
  }
  series.timestamps.resize(kept);
  series.values.resize(kept);
  if (!series.histograms.empty()) series.histograms.resize(kept);
}

// Storage finds the resets. Prometheus knows of them only where a query asks for counts and sums
// alone; elsewhere a reset histogram has no hint, and adding it up with others is no conflict.
void ForgetFoundResets(SeriesSamples& series) {
  for (size_t i = 1; i < series.histograms.size(); ++i) {
    HistogramPtr& current = series.histograms[i];
    const HistogramPtr& before = series.histograms[i - 1];
    if (current == nullptr || before == nullptr || current->hint != ResetHint::kReset) continue;
    FloatHistogram unknown = *current;
    unknown.hint = ResetHint::kUnknown;
    if (!IsCounterReset(unknown, *before)) continue;  // the sender said so
    current = std::make_shared<const FloatHistogram>(std::move(unknown));
  }
}

Result<std::vector<SeriesSamples>> Read(EvaluationContext& context, const Matchers& matchers,
                                        TimeRange range) {
  LUMA_ASSIGN_OR_RETURN(std::vector<SeriesSamples> found,
                        context.source().Select(matchers, range, context.limits()));
  if (context.wants_found_resets()) return found;
  for (SeriesSamples& series : found) ForgetFoundResets(series);
  return found;
}

// Finds the buckets that samples stand for, one after the other.
class BucketCursor {
 public:
  explicit BucketCursor(const SeriesSamples& series) : buckets_(series.rollups) {}

  // Of the sample `point`; null when it stands for itself. `point` never decreases.
  const Rollup* Of(size_t point) {
    while (next_ < buckets_.size() && buckets_[next_].point < point) ++next_;
    const bool found = next_ < buckets_.size() && buckets_[next_].point == point;
    return found ? &buckets_[next_].rollup : nullptr;
  }

 private:
  const std::vector<RollupPoint>& buckets_;
  size_t next_ = 0;
};

// Writes the cells of one row of a vector selector.
class RowReader {
 public:
  RowReader(const Steps& steps, const ShiftedTimes& shift, int64_t lookback_ms)
      : steps_(steps), shift_(shift), lookback_ms_(lookback_ms) {}

  // Gives the number of cells written.
  size_t Latest(const SeriesSamples& series, SampleField field, size_t row,
                VectorValue& out) const {
    const std::vector<UnixMillis>& times = series.timestamps;
    size_t after = 0;  // the first sample later than the step
    size_t points = 0;
    BucketCursor buckets(series);
    for (size_t step = 0; step < steps_.count; ++step) {
      const UnixMillis until = shift_(steps_.At(step));
      while (after < times.size() && times[after] <= until) ++after;
      // Between the first and the last sample of a bucket the first is the newest that is known.
      const Rollup* const bucket = buckets.Of(after);
      const bool in_bucket = bucket != nullptr && bucket->first_ts <= until &&
                             (after == 0 || times[after - 1] < bucket->first_ts);
      const UnixMillis oldest = LeftOpenRange(until, until, lookback_ms_).min;
      if (!in_bucket && (after == 0 || times[after - 1] < oldest)) continue;
      const Sample found = in_bucket ? Sample{bucket->first_ts, bucket->first}
                                     : Sample{times[after - 1], series.values[after - 1]};
      if (IsStaleNan(found.value)) continue;
      ++points;
      if (field != SampleField::kValue) {
        out.Set(row, step, SecondsOf(found.timestamp));
      } else if (!in_bucket && !series.histograms.empty() &&
                 series.histograms[after - 1] != nullptr) {
        out.SetHistogram(row, step, series.histograms[after - 1]);
      } else {
        out.Set(row, step, found.value);
      }
    }
    return points;
  }

  // On a line between the samples around the step; the last value when none follows in reach.
  size_t Smoothed(const SeriesSamples& series, size_t row, VectorValue& out,
                  Annotations& annotations) const {
    if (series.histograms.empty()) return SmoothedFloats(series, row, out);
    size_t points = 0;
    for (size_t step = 0; step < steps_.count; ++step) {
      points += SmoothedHistogram(series, row, step, out, annotations) ? 1 : 0;
    }
    return points;
  }

 private:
  size_t SmoothedFloats(const SeriesSamples& series, size_t row, VectorValue& out) const {
    const std::vector<UnixMillis>& times = series.timestamps;
    size_t next = 0;  // the first sample not before the step
    size_t points = 0;
    for (size_t step = 0; step < steps_.count; ++step) {
      const UnixMillis at = shift_(steps_.At(step));
      while (next < times.size() && times[next] < at) ++next;
      if (next < times.size() && times[next] == at) {
        out.Set(row, step, series.values[next]);
        ++points;
        continue;
      }
      if (next == 0 || times[next - 1] < LeftOpenRange(at, at, lookback_ms_).min) continue;
      const bool followed = next < times.size() && times[next] <= SaturatingAdd(at, lookback_ms_);
      out.Set(row, step, followed ? Between(series, next, at) : series.values[next - 1]);
      ++points;
    }
    return points;
  }

  // At one step of a series with histograms; floats and histograms within reach are no line.
  bool SmoothedHistogram(const SeriesSamples& series, size_t row, size_t step, VectorValue& out,
                         Annotations& annotations) const {
    const std::vector<UnixMillis>& times = series.timestamps;
    const UnixMillis at = shift_(steps_.At(step));
    const auto index = [&](auto position) { return static_cast<size_t>(position - times.begin()); };
    const UnixMillis oldest = LeftOpenRange(at, at, lookback_ms_).min;
    const size_t first = index(std::ranges::lower_bound(times, oldest));
    const size_t end = index(std::ranges::upper_bound(times, SaturatingAdd(at, lookback_ms_)));
    const size_t next = index(std::ranges::lower_bound(times, at));
    const auto is_float = [](const HistogramPtr& histogram) { return histogram == nullptr; };
    const auto begin = series.histograms.begin();
    const auto floats = static_cast<size_t>(std::count_if(
        begin + static_cast<ptrdiff_t>(first), begin + static_cast<ptrdiff_t>(end), is_float));
    if (first == end) return false;
    if (floats > 0 && floats < end - first) {
      WarnAboutMixedKinds(series.labels.metric_name(), annotations);
      return false;
    }
    const bool exact = next < end && times[next] == at;
    if (!exact && next == first) return false;  // nothing before
    if (floats > 0) {
      out.Set(row, step,
              exact        ? series.values[next]
              : next < end ? Between(series, next, at)
                           : series.values[next - 1]);
      return true;
    }
    std::optional<FloatHistogram> histogram =
        exact ? *series.histograms[next] : HistogramBetween(series, next, end, at, annotations);
    SetOrClear(std::move(histogram), row, step, out);
    return out.Has(row, step);
  }

  // Before the sample `next`, which exists when it is below `end`.
  static std::optional<FloatHistogram> HistogramBetween(const SeriesSamples& series, size_t next,
                                                        size_t end, UnixMillis at,
                                                        Annotations& annotations) {
    const FloatHistogram& before = *series.histograms[next - 1];
    if (next == end) {
      FloatHistogram carried = before;
      carried.hint = ResetHint::kUnknown;
      return carried;
    }
    const FloatHistogram& after = *series.histograms[next];
    const bool is_counter = before.hint != ResetHint::kGauge || after.hint != ResetHint::kGauge;
    std::optional<FloatHistogram> between =
        Interpolate({series.timestamps[next - 1], &before}, {series.timestamps[next], &after}, at,
                    is_counter, annotations);
    if (!between) WarnAboutMixedSchemas(series.labels.metric_name(), annotations);
    return between;
  }

  static double Between(const SeriesSamples& series, size_t next, UnixMillis at) {
    const double before = series.values[next - 1];
    const auto elapsed = static_cast<double>(at - series.timestamps[next - 1]);
    const auto gap = static_cast<double>(series.timestamps[next] - series.timestamps[next - 1]);
    return before + (series.values[next] - before) * elapsed / gap;
  }

  const Steps& steps_;
  const ShiftedTimes& shift_;
  const int64_t lookback_ms_;
};

}  // namespace

Result<VectorValue> SelectVector(EvaluationContext& context, const Steps& steps,
                                 const VectorSelector& selector, SampleField field) {
  VectorValue out(steps.count, &context.meter());
  if (steps.count == 0) return out;
  LUMA_ASSIGN_OR_RETURN(const int64_t offset_ms, context.Millis(selector.shift.offset));
  const ShiftedTimes shift(selector.shift.at, offset_ms, context.window());
  const bool smoothed = selector.edges == RangeEdges::kSmoothed;
  const int64_t lookback_ms = context.lookback_ms();
  TimeRange range = LeftOpenRange(shift(steps.start), shift(steps.last()), lookback_ms);
  if (smoothed) range.max = SaturatingAdd(range.max, lookback_ms);
  LUMA_ASSIGN_OR_RETURN(std::vector<SeriesSamples> found, Read(context, selector.matchers, range));
  LUMA_RETURN_IF_ERROR(context.Book(found.size(), steps.count));
  out.Reserve(found.size());
  const RowReader reader(steps, shift, lookback_ms);
  uint64_t points = 0;
  for (SeriesSamples& series : found) {
    if (field == SampleField::kFloatTime && !series.histograms.empty()) {
      return Status::InvalidArgument("info sample should be float");
    }
    const size_t row = out.AddRow(series.labels, false);
    if (smoothed) DropStaleMarkers(series);
    const size_t added = smoothed ? reader.Smoothed(series, row, out, context.annotations())
                                  : reader.Latest(series, field, row, out);
    if (added == 0) out.RemoveLastRow();
    points += added;
    LUMA_RETURN_IF_ERROR(context.CheckPoints(points));
    if (row % 64 == 0) LUMA_RETURN_IF_ERROR(context.CheckDeadline());
    series = {};  // frees the samples
  }
  return out;
}

Result<RangeValue> SelectRange(EvaluationContext& context, const Steps& steps,
                               const MatrixSelector& selector) {
  const VectorSelector& vector = selector.vector;
  LUMA_ASSIGN_OR_RETURN(RangeValue value,
                        RangeWindows(context, steps, selector.range, vector.shift));
  if (steps.count == 0) return value;
  value.edges = vector.edges;
  value.lookback_ms = context.lookback_ms();
  const bool plain = value.edges == RangeEdges::kPlain;
  TimeRange range = LeftOpenRange(value.ends.front(), value.ends.back(),
                                  SaturatingAdd(value.length_ms, plain ? 0 : value.lookback_ms));
  if (value.edges == RangeEdges::kSmoothed) {
    range.max = SaturatingAdd(range.max, value.lookback_ms);
  }
  LUMA_ASSIGN_OR_RETURN(std::vector<SeriesSamples> found, Read(context, vector.matchers, range));
  value.series.reserve(found.size());
  for (SeriesSamples& series : found) {
    DropStaleMarkers(series);
    value.series.push_back({.labels = std::move(series.labels),
                            .drop_name = false,
                            .times = std::move(series.timestamps),
                            .values = std::move(series.values),
                            .rollups = std::move(series.rollups),
                            .histograms = std::move(series.histograms)});
  }
  return value;
}

Result<RangeValue> RangeWindows(EvaluationContext& context, const Steps& steps,
                                const Duration& length, const TimeShift& shift) {
  RangeValue value;
  value.meter = &context.meter();
  LUMA_ASSIGN_OR_RETURN(value.length_ms, context.Length(length));
  LUMA_ASSIGN_OR_RETURN(const int64_t offset_ms, context.Millis(shift.offset));
  const ShiftedTimes times(shift.at, offset_ms, context.window());
  value.ends.reserve(steps.count);
  for (size_t step = 0; step < steps.count; ++step) value.ends.push_back(times(steps.At(step)));
  return value;
}

}  // namespace luma::promql
