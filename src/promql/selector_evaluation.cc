#include "promql/selector_evaluation.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "promql/bucket_spans.h"
#include "promql/histogram_annotations.h"
#include "promql/histogram_rate.h"
#include "promql/histogram_windows.h"
#include "promql/selected_rows.h"

namespace luma::promql {
namespace {

double SecondsOf(UnixMillis time) { return static_cast<double>(time) / 1000; }

// Seldom: without a branch for each value.
bool HasStaleMarkers(std::span<const double> values) {
  bool found = false;
  for (const double value : values) found |= IsStaleNan(value);
  return found;
}

void DropStaleMarkers(SeriesSamples& series) {
  if (!HasStaleMarkers(series.values)) return;
  size_t kept = 0;
  size_t bucket = 0;
  for (size_t i = 0; i < series.values.size(); ++i) {
    if (IsStaleNan(series.values[i])) continue;
    if (bucket < series.rollups.size() && series.rollups[bucket].point == i) {
      series.rollups[bucket++].point = kept;
    }
    series.timestamps[kept] = series.timestamps[i];
    if (!series.histograms.empty()) series.histograms[kept] = std::move(series.histograms[i]);
    if (!series.start_times.empty()) series.start_times[kept] = series.start_times[i];
    series.values[kept++] = series.values[i];
  }
  series.timestamps.resize(kept);
  series.values.resize(kept);
  if (!series.histograms.empty()) series.histograms.resize(kept);
  if (!series.start_times.empty()) series.start_times.resize(kept);
}

// Writes the cells of one row of a vector selector.
class RowReader {
 public:
  RowReader(const Steps& steps, const ShiftedTimes& shift, int64_t lookback_ms)
      : steps_(steps), shift_(shift), lookback_ms_(lookback_ms) {
    reaches_.reserve(steps.count);
    for (size_t step = 0; step < steps.count; ++step) {
      const UnixMillis at = shift(steps.At(step));
      reaches_.push_back(LeftOpenRange(at, at, lookback_ms));
    }
  }

  // Gives the number of cells written. `series` has the first samples of its `buckets`.
  size_t Latest(const SeriesSamples& series, const BucketSpans& buckets, SampleField field,
                size_t row, VectorValue& out) const {
    const bool is_plain = series.histograms.empty() && buckets.is_empty();
    if (is_plain && field == SampleField::kValue) return LatestFloats(series, row, out);
    const std::vector<UnixMillis>& times = series.timestamps;
    size_t after = 0;  // the first sample later than the step
    size_t points = 0;
    for (size_t step = 0; step < steps_.count; ++step) {
      const UnixMillis until = reaches_[step].max;
      while (after < times.size() && times[after] <= until) ++after;
      if (after == 0 || times[after - 1] < ReachOf(until, buckets).min) continue;
      const size_t found = after - 1;
      if (IsStaleNan(series.values[found])) continue;
      ++points;
      if (field == SampleField::kStartTime) {
        out.Set(row, step, SecondsOf(series.start_times.empty() ? 0 : series.start_times[found]));
      } else if (field != SampleField::kValue) {
        out.Set(row, step, SecondsOf(times[found]));
      } else if (!series.histograms.empty() && series.histograms[found] != nullptr) {
        out.SetHistogram(row, step, series.histograms[found]);
      } else {
        out.Set(row, step, series.values[found]);
      }
    }
    return points;
  }

  // On a line between the samples around the step; the last value when none follows in reach.
  size_t Smoothed(const SeriesSamples& series, const BucketSpans& buckets, size_t row,
                  VectorValue& out, Annotations& annotations) const {
    if (series.histograms.empty()) return SmoothedFloats(series, buckets, row, out);
    size_t points = 0;
    for (size_t step = 0; step < steps_.count; ++step) {
      points += SmoothedHistogram(series, buckets, row, step, out, annotations) ? 1 : 0;
    }
    return points;
  }

 private:
  // The same where there is nothing but floats.
  size_t LatestFloats(const SeriesSamples& series, size_t row, VectorValue& out) const {
    const std::vector<UnixMillis>& times = series.timestamps;
    size_t after = 0;      // the first sample later than the step
    size_t last_step = 0;  // by how many samples it moved
    size_t points = 0;
    for (size_t step = 0; step < steps_.count; ++step) {
      const TimeRange& reach = reaches_[step];
      const size_t before = after;
      after = FirstAfter(times, before, reach.max, before + last_step);
      last_step = after - before;
      if (after == 0 || times[after - 1] < reach.min) continue;
      const double value = series.values[after - 1];
      if (IsStaleNan(value)) continue;
      out.Set(row, step, value);
      ++points;
    }
    return points;
  }

  // The times whose samples tell of the step: those of the lookback on either side, and of the
  // buckets that it lies in, through which a series goes on.
  TimeRange ReachOf(UnixMillis at, const BucketSpans& buckets) const {
    TimeRange reach{.min = LeftOpenRange(at, at, lookback_ms_).min,
                    .max = SaturatingAdd(at, lookback_ms_)};
    if (const TimeRange* const span = buckets.At(at)) {
      reach = {.min = std::min(reach.min, span->min), .max = std::max(reach.max, span->max)};
    }
    return reach;
  }

  size_t SmoothedFloats(const SeriesSamples& series, const BucketSpans& buckets, size_t row,
                        VectorValue& out) const {
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
      const TimeRange reach = ReachOf(at, buckets);
      if (next == 0 || times[next - 1] < reach.min) continue;
      const bool followed = next < times.size() && times[next] <= reach.max;
      out.Set(row, step, followed ? Between(series, next, at) : series.values[next - 1]);
      ++points;
    }
    return points;
  }

  // At one step of a series with histograms; floats and histograms within reach are no line.
  bool SmoothedHistogram(const SeriesSamples& series, const BucketSpans& buckets, size_t row,
                         size_t step, VectorValue& out, Annotations& annotations) const {
    const std::vector<UnixMillis>& times = series.timestamps;
    const UnixMillis at = shift_(steps_.At(step));
    const auto index = [&](auto position) { return static_cast<size_t>(position - times.begin()); };
    const TimeRange reach = ReachOf(at, buckets);
    const size_t first = index(std::ranges::lower_bound(times, reach.min));
    const size_t end = index(std::ranges::upper_bound(times, reach.max));
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
  std::vector<TimeRange> reaches_;  // of each step, (at - lookback, at]
};

void PrepareToSmooth(SeriesSamples& series, const BucketSpans& buckets, Annotations& annotations) {
  DropStaleMarkers(series);
  if (buckets.is_empty()) return;
  annotations.Inform(
      "samples are rolled up: a smoothed selector sees the first and the last one of each bucket");
}

Status AddLatest(const RowReader& reader, SeriesSamples series, SampleField field, RowSink& sink) {
  if (field == SampleField::kFloatTime && !series.histograms.empty()) {
    return Status::InvalidArgument("info sample should be float");
  }
  const BucketSpans buckets(series.rollups);
  if (!buckets.is_empty()) series = WithFirstSamples(std::move(series), buckets);
  const size_t row = sink.rows.AddRow(std::move(series.labels), false);
  if (reader.Latest(series, buckets, field, row, sink.rows) == 0) sink.rows.RemoveLastRow();
  return Status::Ok();
}

Status AddSmoothed(const RowReader& reader, SeriesSamples series, RowSink& sink) {
  const BucketSpans buckets(series.rollups);
  if (!buckets.is_empty()) series = WithFirstSamples(std::move(series), buckets);
  PrepareToSmooth(series, buckets, sink.annotations);
  const size_t row = sink.rows.AddRow(series.labels, false);
  if (reader.Smoothed(series, buckets, row, sink.rows, sink.annotations) == 0) {
    sink.rows.RemoveLastRow();
  }
  return Status::Ok();
}

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
  LUMA_RETURN_IF_ERROR(context.BookBytes(steps.count * sizeof(TimeRange)));
  const RowReader reader(steps, shift, lookback_ms);
  return RowsOfSelected(context, steps.count, selector.matchers, range, [&](RowSink& sink) {
    return [&, smoothed, field](SeriesSamples series) {
      return smoothed ? AddSmoothed(reader, std::move(series), sink)
                      : AddLatest(reader, std::move(series), field, sink);
    };
  });
}

Result<RangeSelection> SelectionOf(EvaluationContext& context, const Steps& steps,
                                   const MatrixSelector& selector) {
  const VectorSelector& vector = selector.vector;
  RangeSelection selection;
  RangeValue& windows = selection.windows;
  LUMA_ASSIGN_OR_RETURN(windows, RangeWindows(context, steps, selector.range, vector.shift));
  if (steps.count == 0) return selection;
  windows.edges = vector.edges;
  windows.lookback_ms = context.lookback_ms();
  const bool plain = windows.edges == RangeEdges::kPlain;
  selection.samples =
      LeftOpenRange(windows.ends.front(), windows.ends.back(),
                    SaturatingAdd(windows.length_ms, plain ? 0 : windows.lookback_ms));
  if (windows.edges == RangeEdges::kSmoothed) {
    selection.samples.max = SaturatingAdd(selection.samples.max, windows.lookback_ms);
  }
  return selection;
}

RangeSeries ToRangeSeries(SeriesSamples series) {
  DropStaleMarkers(series);
  return {.labels = std::move(series.labels),
          .drop_name = false,
          .times = std::move(series.timestamps),
          .values = std::move(series.values),
          .rollups = std::move(series.rollups),
          .histograms = std::move(series.histograms),
          .start_times = std::move(series.start_times)};
}

Result<RangeValue> SelectRange(EvaluationContext& context, const Steps& steps,
                               const MatrixSelector& selector) {
  LUMA_ASSIGN_OR_RETURN(RangeSelection selection, SelectionOf(context, steps, selector));
  RangeValue value = std::move(selection.windows);
  if (steps.count == 0) return value;
  LUMA_ASSIGN_OR_RETURN(std::vector<SeriesSamples> found,
                        ReadSelected(context, selector.vector.matchers, selection.samples));
  value.series.reserve(found.size());
  for (SeriesSamples& series : found) value.series.push_back(ToRangeSeries(std::move(series)));
  return value;
}

Result<RangeValue> RangeWindows(EvaluationContext& context, const Steps& steps,
                                const Duration& length, const TimeShift& shift) {
  RangeValue value;
  value.meter = &context.meter();
  LUMA_ASSIGN_OR_RETURN(value.length_ms, context.Length(length));
  LUMA_ASSIGN_OR_RETURN(const int64_t offset_ms, context.Millis(shift.offset));
  const ShiftedTimes times(shift.at, offset_ms, context.window());
  LUMA_RETURN_IF_ERROR(context.BookBytes(steps.count * sizeof(UnixMillis)));
  auto ends = std::make_shared<std::vector<UnixMillis>>();
  ends->reserve(steps.count);
  for (size_t step = 0; step < steps.count; ++step) ends->push_back(times(steps.At(step)));
  value.ends = *ends;
  value.ends_owner = std::move(ends);
  return value;
}

}  // namespace luma::promql
