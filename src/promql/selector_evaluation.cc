#include "promql/selector_evaluation.h"

#include <algorithm>
#include <utility>

namespace luma::promql {
namespace {

double SecondsOf(UnixMillis time) { return static_cast<double>(time) / 1000; }

void DropStaleMarkers(SeriesSamples& series) {
  size_t kept = 0;
  for (size_t i = 0; i < series.values.size(); ++i) {
    if (IsStaleNan(series.values[i])) continue;
    series.timestamps[kept] = series.timestamps[i];
    series.values[kept++] = series.values[i];
  }
  series.timestamps.resize(kept);
  series.values.resize(kept);
}

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
    for (size_t step = 0; step < steps_.count; ++step) {
      const UnixMillis until = shift_(steps_.At(step));
      while (after < times.size() && times[after] <= until) ++after;
      const UnixMillis oldest = LeftOpenRange(until, until, lookback_ms_).min;
      if (after == 0 || times[after - 1] < oldest) continue;
      const double value = series.values[after - 1];
      if (IsStaleNan(value)) continue;
      out.Set(row, step, field == SampleField::kTime ? SecondsOf(times[after - 1]) : value);
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
                            .values = std::move(series.values)});
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
