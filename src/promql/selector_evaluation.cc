#include "promql/selector_evaluation.h"

#include <algorithm>
#include <utility>

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
    series.values[kept++] = series.values[i];
  }
  series.timestamps.resize(kept);
  series.values.resize(kept);
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
      out.Set(row, step, field == SampleField::kTime ? SecondsOf(found.timestamp) : found.value);
      ++points;
    }
    return points;
  }

  // On a line between the samples around the step; the last value when none follows in reach.
  size_t Smoothed(const SeriesSamples& series, size_t row, VectorValue& out) const {
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

 private:
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
  VectorValue out(steps.count);
  if (steps.count == 0) return out;
  LUMA_ASSIGN_OR_RETURN(const int64_t offset_ms, context.Millis(selector.shift.offset));
  const ShiftedTimes shift(selector.shift.at, offset_ms, context.window());
  const bool smoothed = selector.edges == RangeEdges::kSmoothed;
  const int64_t lookback_ms = context.lookback_ms();
  TimeRange range = LeftOpenRange(shift(steps.start), shift(steps.last()), lookback_ms);
  if (smoothed) range.max = SaturatingAdd(range.max, lookback_ms);
  LUMA_ASSIGN_OR_RETURN(std::vector<SeriesSamples> found,
                        context.source().Select(selector.matchers, range, context.limits()));
  LUMA_RETURN_IF_ERROR(context.Book(found.size(), steps.count));
  out.Reserve(found.size());
  const RowReader reader(steps, shift, lookback_ms);
  uint64_t points = 0;
  for (SeriesSamples& series : found) {
    const size_t row = out.AddRow(std::move(series.labels), false);
    if (smoothed) DropStaleMarkers(series);
    const size_t added =
        smoothed ? reader.Smoothed(series, row, out) : reader.Latest(series, field, row, out);
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
  LUMA_ASSIGN_OR_RETURN(std::vector<SeriesSamples> found,
                        context.source().Select(vector.matchers, range, context.limits()));
  value.series.reserve(found.size());
  for (SeriesSamples& series : found) {
    DropStaleMarkers(series);
    value.series.push_back({.labels = std::move(series.labels),
                            .drop_name = false,
                            .times = std::move(series.timestamps),
                            .values = std::move(series.values),
                            .rollups = std::move(series.rollups)});
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
