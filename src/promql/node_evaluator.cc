#include "promql/node_evaluator.h"

#include <cmath>
#include <numbers>
#include <utility>

#include "promql/aggregation.h"
#include "promql/binary_matching.h"
#include "promql/histogram_operators.h"
#include "promql/scalar_arithmetic.h"
#include "promql/scalar_operators.h"
#include "promql/selector_evaluation.h"
#include "promql/set_operators.h"
#include "promql/vector_functions.h"

namespace luma::promql {
namespace {

double SecondsOf(int64_t millis) { return static_cast<double>(millis) / 1000; }

// The first multiple of the step after `time`, so that subqueries look at the same times wherever
// the query starts.
UnixMillis FirstAlignedAfter(UnixMillis time, int64_t step_ms) {
  const UnixMillis toward_zero = time / step_ms * step_ms;
  return toward_zero > time ? toward_zero : SaturatingAdd(toward_zero, step_ms);
}

// A subquery may leave out samples or repeat them, so neighbours are to be compared anew. Null also
// when there is no memory for it.
HistogramPtr WithoutFoundReset(HistogramPtr histogram, WorkMeter& meter) {
  if (histogram == nullptr || histogram->hint == ResetHint::kGauge ||
      histogram->hint == ResetHint::kUnknown) {
    return histogram;
  }
  if (!meter.Book(HistogramBytes(*histogram))) return nullptr;
  FloatHistogram unknown = *histogram;
  unknown.hint = ResetHint::kUnknown;
  return std::make_shared<const FloatHistogram>(std::move(unknown));
}

// What the steps of a row take as samples.
uint64_t SampleBytes(const VectorValue& vector, size_t row) {
  const size_t of_histogram = vector.HasHistograms(row) ? sizeof(HistogramPtr) : 0;
  return CountSteps(vector.presence(row)) * (sizeof(Sample) + of_histogram);
}

// The caller has booked SampleBytes, and asks the meter before it uses the series.
RangeSeries SeriesOfRow(VectorValue& vector, size_t row, const Steps& steps, WorkMeter& meter) {
  RangeSeries series;
  const size_t count = CountSteps(vector.presence(row));
  series.times.reserve(count);
  series.values.reserve(count);
  series.drop_name = vector.drop_name(row);
  series.labels = std::move(vector.mutable_labels(row));
  const bool has_histograms = vector.HasHistograms(row);
  if (has_histograms) series.histograms.reserve(count);
  ForEachPresent(vector, row, [&](size_t step) {
    series.times.push_back(steps.At(step));
    series.values.push_back(vector.At(row, step));
    if (has_histograms) {
      series.histograms.push_back(WithoutFoundReset(vector.SharedHistogram(row, step), meter));
    }
  });
  return series;
}

}  // namespace

const Expr& Unwrapped(const Expr& expr) {
  const Expr* inner = &expr;
  while (const auto* const paren = std::get_if<Paren>(&inner->node)) inner = paren->expr.get();
  return *inner;
}

std::string NodeEvaluator::String(const Expr& expr) {
  return std::get<StringLiteral>(Unwrapped(expr).node).value;
}

Result<ScalarColumn> NodeEvaluator::Scalar(const Expr& wrapped) {
  const Expr& expr = Unwrapped(wrapped);
  if (const auto* const number = std::get_if<NumberLiteral>(&expr.node)) {
    LUMA_RETURN_IF_ERROR(context_.BookBytes(steps_.count * sizeof(double)));
    return ScalarColumn(steps_.count, number->value);
  }
  if (const auto* const call = std::get_if<Call>(&expr.node)) return ScalarCall(*call);
  if (const auto* const binary = std::get_if<Binary>(&expr.node)) return ScalarBinary(*binary);
  LUMA_ASSIGN_OR_RETURN(ScalarColumn column, Scalar(*std::get<UnaryMinus>(expr.node).expr));
  for (double& value : column) value = -value;
  return column;
}

Result<ScalarColumn> NodeEvaluator::ScalarBinary(const Binary& binary) {
  LUMA_ASSIGN_OR_RETURN(ScalarColumn left, Scalar(*binary.left));
  LUMA_ASSIGN_OR_RETURN(const ScalarColumn right, Scalar(*binary.right));
  for (size_t i = 0; i < left.size(); ++i) left[i] = ApplyBinary(binary.op, left[i], right[i]);
  return left;
}

Result<ScalarColumn> NodeEvaluator::ScalarCall(const Call& call) {
  const std::string_view name = call.function->name;
  LUMA_RETURN_IF_ERROR(context_.BookBytes(steps_.count * sizeof(double)));
  const QueryWindow& window = context_.window();
  const auto constant = [&](double value) { return ScalarColumn(steps_.count, value); };
  if (name == "pi") return constant(std::numbers::pi);
  if (name == "start") return constant(SecondsOf(window.start));
  if (name == "end") return constant(SecondsOf(window.end));
  if (name == "step") return constant(SecondsOf(window.step_ms));
  if (name == "range") return constant(SecondsOf(window.range_ms()));
  if (name == "time") {
    ScalarColumn times;
    for (size_t i = 0; i < steps_.count; ++i) times.push_back(SecondsOf(steps_.At(i)));
    return times;
  }
  if (name == "scalar") {
    LUMA_ASSIGN_OR_RETURN(VectorValue vector, Vector(*call.arguments[0]));
    vector.DropHistograms();
    return SoleElements(vector);
  }
  LUMA_ASSIGN_OR_RETURN(ScalarColumn left, Scalar(*call.arguments[0]));
  LUMA_ASSIGN_OR_RETURN(const ScalarColumn right, Scalar(*call.arguments[1]));
  const auto pick = name == "min_of" ? LesserOrNan : GreaterOrNan;
  for (size_t i = 0; i < left.size(); ++i) left[i] = pick(left[i], right[i]);
  return left;
}

Result<VectorValue> NodeEvaluator::Vector(const Expr& wrapped) {
  LUMA_ASSIGN_OR_RETURN(VectorValue value, VectorNode(Unwrapped(wrapped)));
  LUMA_RETURN_IF_ERROR(context_.CheckPoints(value.CountPresent()));
  LUMA_RETURN_IF_ERROR(context_.CheckDeadline());
  return value;
}

Result<VectorValue> NodeEvaluator::VectorNode(const Expr& expr) {
  if (const auto* const selector = std::get_if<VectorSelector>(&expr.node)) {
    return SelectVector(context_, steps_, *selector, SampleField::kValue);
  }
  if (const auto* const call = std::get_if<Call>(&expr.node)) return CallVector(*this, *call);
  if (const auto* const aggregate = std::get_if<Aggregate>(&expr.node)) {
    return EvaluateAggregate(*this, *aggregate);
  }
  if (const auto* const binary = std::get_if<Binary>(&expr.node)) return VectorBinary(*binary);
  return Negated(*std::get<UnaryMinus>(expr.node).expr);
}

Result<VectorValue> NodeEvaluator::VectorBinary(const Binary& binary) {
  using HistogramUse = EvaluationContext::HistogramUse;
  const EvaluationContext::HistogramScope scope(
      context_, IsTrim(binary.op) ? HistogramUse::kBuckets : HistogramUse::kAny);
  if (binary.left->type == ValueType::kScalar) {
    LUMA_ASSIGN_OR_RETURN(const ScalarColumn left, Scalar(*binary.left));
    LUMA_ASSIGN_OR_RETURN(VectorValue right, Vector(*binary.right));
    return ApplyScalar(binary, std::move(right), left, ScalarSide::kLeft, context_.annotations());
  }
  LUMA_ASSIGN_OR_RETURN(VectorValue left, Vector(*binary.left));
  if (binary.right->type == ValueType::kScalar) {
    LUMA_ASSIGN_OR_RETURN(const ScalarColumn right, Scalar(*binary.right));
    return ApplyScalar(binary, std::move(left), right, ScalarSide::kRight, context_.annotations());
  }
  LUMA_ASSIGN_OR_RETURN(VectorValue right, Vector(*binary.right));
  if (IsSetOperator(binary.op)) {
    return ApplySetOperator(binary, std::move(left), std::move(right));
  }
  return MatchVectors(context_, binary, left, right);
}

Result<VectorValue> NodeEvaluator::Negated(const Expr& operand) {
  LUMA_ASSIGN_OR_RETURN(VectorValue vector, Vector(operand));
  for (size_t row = 0; row < vector.size(); ++row) {
    vector.set_drop_name(row, true);
    ForEachPresent(vector, row, [&](size_t step) {
      if (const FloatHistogram* const histogram = vector.Histogram(row, step)) {
        vector.SetHistogram(row, step, promql::Negated(*histogram));
      } else {
        vector.Set(row, step, -vector.At(row, step));
      }
    });
  }
  return vector;
}

Result<RangeValue> NodeEvaluator::Range(const Expr& wrapped) {
  const Expr& expr = Unwrapped(wrapped);
  if (const auto* const selector = std::get_if<MatrixSelector>(&expr.node)) {
    return SelectRange(context_, steps_, *selector);
  }
  return SubqueryRange(std::get<Subquery>(expr.node));
}

Result<RangeValue> NodeEvaluator::SubqueryRange(const Subquery& subquery) {
  LUMA_ASSIGN_OR_RETURN(RangeValue value,
                        RangeWindows(context_, steps_, subquery.range, subquery.shift));
  if (steps_.count == 0) return value;
  int64_t step_ms = context_.subquery_step_ms();
  if (subquery.step) {
    LUMA_ASSIGN_OR_RETURN(step_ms, context_.Length(*subquery.step));
  }
  const UnixMillis after = SaturatingAdd(value.ends.front(), -value.length_ms);
  const Steps inner = Steps::Between(FirstAlignedAfter(after, step_ms), value.ends.back(), step_ms);
  LUMA_RETURN_IF_ERROR(context_.CheckPoints(inner.count));
  NodeEvaluator evaluator(context_, inner);
  const EvaluationContext::HistogramScope scope(context_,
                                                EvaluationContext::HistogramUse::kBuckets);
  LUMA_ASSIGN_OR_RETURN(VectorValue vector, evaluator.Vector(*subquery.expr));
  LUMA_RETURN_IF_ERROR(context_.BookBytes(vector.size() * sizeof(RangeSeries)));
  value.series.reserve(vector.size());
  for (size_t row = 0; row < vector.size(); ++row) {
    LUMA_RETURN_IF_ERROR(context_.BookBytes(SampleBytes(vector, row)));
    value.series.push_back(SeriesOfRow(vector, row, inner, context_.meter()));
  }
  LUMA_RETURN_IF_ERROR(context_.CheckDeadline());
  return value;
}

}  // namespace luma::promql
