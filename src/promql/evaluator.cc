#include "promql/evaluator.h"

#include <algorithm>
#include <utility>

#include "promql/label_edit.h"
#include "promql/node_evaluator.h"

namespace luma::promql {
namespace {

void SortByLabels(std::vector<SeriesSamples>& series) {
  std::sort(series.begin(), series.end(), [](const SeriesSamples& a, const SeriesSamples& b) {
    return CompareLabels(a.labels, b.labels) < 0;
  });
}

void Reserve(size_t count, bool has_histograms, SeriesSamples& series) {
  series.timestamps.reserve(count);
  series.values.reserve(count);
  if (has_histograms) series.histograms.reserve(count);
}
uint64_t SampleBytes(size_t count, bool has_histograms) {
  return count * (sizeof(Sample) + (has_histograms ? sizeof(HistogramPtr) : 0));
}

// The samples of every row that has any. Errors: two rows with one label set.
Result<std::vector<SeriesSamples>> AnswerOf(EvaluationContext& context, VectorValue vector,
                                            const Steps& steps) {
  LUMA_RETURN_IF_ERROR(DropNames(vector));
  LUMA_RETURN_IF_ERROR(context.BookBytes(vector.size() * sizeof(SeriesSamples)));
  std::vector<SeriesSamples> answer;
  answer.reserve(vector.size());
  for (size_t row = 0; row < vector.size(); ++row) {
    const size_t count = CountSteps(vector.presence(row));
    if (count == 0) continue;
    const bool has_histograms = vector.HasHistograms(row);
    LUMA_RETURN_IF_ERROR(context.BookBytes(SampleBytes(count, has_histograms)));
    SeriesSamples& series = answer.emplace_back();
    Reserve(count, has_histograms, series);
    series.labels = std::move(vector.mutable_labels(row));
    ForEachPresent(vector, row, [&](size_t step) {
      series.timestamps.push_back(steps.At(step));
      series.values.push_back(vector.At(row, step));
      if (has_histograms) series.histograms.push_back(vector.SharedHistogram(row, step));
    });
  }
  return answer;
}

// What the only step sees of each series.
Result<std::vector<SeriesSamples>> AnswerOf(EvaluationContext& context, const RangeValue& range) {
  LUMA_RETURN_IF_ERROR(context.BookBytes(range.series.size() * sizeof(SeriesSamples)));
  std::vector<SeriesSamples> answer;
  answer.reserve(range.series.size());
  uint64_t points = 0;
  for (const RangeSeries& series : range.series) {
    LUMA_RETURN_IF_ERROR(
        context.BookBytes(SampleBytes(series.times.size(), !series.histograms.empty())));
    ForEachWindow(range, series, [&](size_t, const Window& window) {
      answer.push_back({.labels = series.drop_name ? WithoutMetadata(series.labels) : series.labels,
                        .timestamps = {window.times.begin(), window.times.end()},
                        .values = {window.values.begin(), window.values.end()},
                        .histograms = {window.histograms.begin(), window.histograms.end()}});
      points += window.size();
    });
    LUMA_RETURN_IF_ERROR(context.CheckPoints(points));
    LUMA_RETURN_IF_ERROR(context.CheckDeadline());
  }
  SortByLabels(answer);
  const auto twice = std::adjacent_find(
      answer.begin(), answer.end(),
      [](const SeriesSamples& a, const SeriesSamples& b) { return a.labels == b.labels; });
  if (twice == answer.end()) return answer;
  return Status::InvalidArgument("vector cannot contain metrics with the same labelset");
}

void InformAboutRollups(const RangeValue& range, Annotations& annotations) {
  const bool any = std::ranges::any_of(
      range.series, [](const RangeSeries& series) { return !series.rollups.empty(); });
  if (any) annotations.Inform("samples are rolled up: the last one of each bucket is given");
}

QueryValue WithAnnotations(QueryValue value, const Annotations& annotations) {
  value.warnings = annotations.warnings();
  value.infos = annotations.infos();
  return value;
}

}  // namespace

Result<QueryValue> Evaluator::Instant(const Expr& expr, UnixMillis time,
                                      const ReadLimits& limits) const {
  EvaluationContext context(source_, limits, {.start = time, .end = time, .step_ms = 0},
                            options_.lookback.count(), options_.subquery_step.count(),
                            options_.use_start_timestamps, options_.helpers);
  const Steps steps{.start = time, .step_ms = 1, .count = 1};
  NodeEvaluator evaluator(context, steps);
  QueryValue value;
  value.type = expr.type;
  value.time = time;
  switch (expr.type) {
    case ValueType::kScalar: {
      LUMA_ASSIGN_OR_RETURN(const ScalarColumn column, evaluator.Scalar(expr));
      value.scalar = column[0];
      break;
    }
    case ValueType::kString:
      value.string = NodeEvaluator::String(expr);
      break;
    case ValueType::kVector: {
      LUMA_ASSIGN_OR_RETURN(VectorValue vector, evaluator.Vector(expr));
      LUMA_ASSIGN_OR_RETURN(value.series, AnswerOf(context, std::move(vector), steps));
      break;
    }
    case ValueType::kMatrix: {
      LUMA_ASSIGN_OR_RETURN(const RangeValue range, evaluator.Range(expr));
      InformAboutRollups(range, context.annotations());
      LUMA_ASSIGN_OR_RETURN(value.series, AnswerOf(context, range));
      break;
    }
  }
  return WithAnnotations(std::move(value), context.annotations());
}

Result<QueryValue> Evaluator::Range(const Expr& expr, UnixMillis start, UnixMillis end,
                                    int64_t step_ms, const ReadLimits& limits) const {
  LUMA_CHECK(step_ms > 0 && start <= end);
  LUMA_RETURN_IF_ERROR(CheckRangeQueryType(expr));
  EvaluationContext context(source_, limits, {.start = start, .end = end, .step_ms = step_ms},
                            options_.lookback.count(), options_.subquery_step.count(),
                            options_.use_start_timestamps, options_.helpers);
  const Steps steps = Steps::Between(start, end, step_ms);
  NodeEvaluator evaluator(context, steps);
  QueryValue value;
  value.type = ValueType::kMatrix;
  if (expr.type == ValueType::kVector) {
    LUMA_ASSIGN_OR_RETURN(VectorValue vector, evaluator.Vector(expr));
    LUMA_ASSIGN_OR_RETURN(value.series, AnswerOf(context, std::move(vector), steps));
    SortByLabels(value.series);
    return WithAnnotations(std::move(value), context.annotations());
  }
  SeriesSamples& series = value.series.emplace_back();
  LUMA_ASSIGN_OR_RETURN(series.values, evaluator.Scalar(expr));
  LUMA_RETURN_IF_ERROR(context.BookBytes(steps.count * sizeof(UnixMillis)));
  series.timestamps.reserve(steps.count);
  for (size_t step = 0; step < steps.count; ++step) series.timestamps.push_back(steps.At(step));
  return WithAnnotations(std::move(value), context.annotations());
}

Status CheckRangeQueryType(const Expr& expr) {
  if (expr.type == ValueType::kScalar || expr.type == ValueType::kVector) return Status::Ok();
  return Status::InvalidArgument("invalid expression type \"", ValueTypeText(expr.type),
                                 "\" for range query, must be Scalar or instant Vector");
}

}  // namespace luma::promql
