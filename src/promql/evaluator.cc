#include "promql/evaluator.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "promql/scalar_arithmetic.h"

namespace luma::promql {
namespace {

// The evaluation times: start, start + step, ... not after end. An instant query has one.
struct Steps {
  UnixMillis start;
  UnixMillis end;
  int64_t step_ms;
};

int64_t Saturate(__int128 value) {
  const __int128 low = std::numeric_limits<int64_t>::min();
  const __int128 high = std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(std::clamp(value, low, high));
}

// The time a shifted selector looks at when it is evaluated at `time`.
UnixMillis ShiftedTime(const TimeShift& shift, UnixMillis time, const Steps& steps) {
  UnixMillis base = time;
  switch (shift.at.kind) {
    case AtModifier::Kind::kNone:
      break;
    case AtModifier::Kind::kTime:
      base = shift.at.time;
      break;
    case AtModifier::Kind::kStart:
      base = steps.start;
      break;
    case AtModifier::Kind::kEnd:
      base = steps.end;
      break;
  }
  return Saturate(static_cast<__int128>(base) - shift.offset_ms);
}

// (until - length, until], as a range with both ends included.
TimeRange LeftOpen(UnixMillis from, UnixMillis until, int64_t length_ms) {
  return {.min = Saturate(static_cast<__int128>(from) - length_ms + 1), .max = until};
}

std::string_view NameOf(AggregateOp op) {
  switch (op) {
    case AggregateOp::kSum:
      return "sum";
    case AggregateOp::kAvg:
      return "avg";
    case AggregateOp::kCount:
      return "count";
    case AggregateOp::kMin:
      return "min";
    case AggregateOp::kMax:
      return "max";
    case AggregateOp::kGroup:
      return "group";
    case AggregateOp::kStddev:
      return "stddev";
    case AggregateOp::kStdvar:
      return "stdvar";
    case AggregateOp::kTopk:
      return "topk";
    case AggregateOp::kBottomk:
      return "bottomk";
    case AggregateOp::kQuantile:
      return "quantile";
    case AggregateOp::kCountValues:
      return "count_values";
    case AggregateOp::kLimitk:
      return "limitk";
    case AggregateOp::kLimitRatio:
      return "limit_ratio";
  }
  return "";
}

Status UnsupportedExpr(const Expr& expr) {
  if (const auto* const call = std::get_if<Call>(&expr.node)) {
    return Status::Unsupported("unsupported expression: function \"", call->function->name, "\"");
  }
  if (const auto* const aggregate = std::get_if<Aggregate>(&expr.node)) {
    return Status::Unsupported("unsupported expression: aggregation \"", NameOf(aggregate->op),
                               "\"");
  }
  if (const auto* const binary = std::get_if<Binary>(&expr.node)) {
    return Status::Unsupported("unsupported expression: operator \"", BinaryOpText(binary->op),
                               "\" on instant vectors");
  }
  if (std::holds_alternative<Subquery>(expr.node)) {
    return Status::Unsupported("unsupported expression: subquery");
  }
  return Status::Unsupported("unsupported expression: ", ValueTypeText(expr.type));
}

const Expr& Unwrapped(const Expr& expr) {
  const Expr* inner = &expr;
  while (const auto* const paren = std::get_if<Paren>(&inner->node)) inner = paren->expr.get();
  return *inner;
}

// None of the scalar expressions supported depends on time.
Result<double> EvaluateScalar(const Expr& wrapped) {
  const Expr& expr = Unwrapped(wrapped);
  if (const auto* const number = std::get_if<NumberLiteral>(&expr.node)) return number->value;
  if (const auto* const minus = std::get_if<UnaryMinus>(&expr.node)) {
    LUMA_ASSIGN_OR_RETURN(const double value, EvaluateScalar(*minus->expr));
    return -value;
  }
  if (const auto* const binary = std::get_if<Binary>(&expr.node)) {
    LUMA_ASSIGN_OR_RETURN(const double left, EvaluateScalar(*binary->left));
    LUMA_ASSIGN_OR_RETURN(const double right, EvaluateScalar(*binary->right));
    return ApplyBinary(binary->op, left, right);
  }
  return UnsupportedExpr(expr);
}

class VectorEvaluation {
 public:
  VectorEvaluation(const MetricsSource& source, int64_t lookback_ms, Steps steps,
                   const ReadLimits& limits)
      : source_(source), lookback_ms_(lookback_ms), steps_(steps), limits_(limits) {}

  // Of an instant-vector expression, at every step that has one.
  Result<std::vector<SeriesSamples>> Vector(const Expr& wrapped) const {
    const Expr& expr = Unwrapped(wrapped);
    if (const auto* const selector = std::get_if<VectorSelector>(&expr.node)) {
      return Select(*selector);
    }
    if (const auto* const minus = std::get_if<UnaryMinus>(&expr.node)) return Negated(*minus->expr);
    return UnsupportedExpr(expr);
  }

  // Of a range selector, at the first step.
  Result<std::vector<SeriesSamples>> Matrix(const Expr& wrapped) const {
    const Expr& expr = Unwrapped(wrapped);
    const auto* const selector = std::get_if<MatrixSelector>(&expr.node);
    if (selector == nullptr) return UnsupportedExpr(expr);
    const UnixMillis until = ShiftedTime(selector->vector.shift, steps_.start, steps_);
    LUMA_ASSIGN_OR_RETURN(std::vector<SeriesSamples> found,
                          source_.Select(selector->vector.matchers,
                                         LeftOpen(until, until, selector->range_ms), limits_));
    for (SeriesSamples& series : found) DropStaleMarkers(series);
    std::erase_if(found, [](const SeriesSamples& series) { return series.timestamps.empty(); });
    return found;
  }

 private:
  Result<std::vector<SeriesSamples>> Select(const VectorSelector& selector) const {
    const UnixMillis first = ShiftedTime(selector.shift, steps_.start, steps_);
    const UnixMillis last = ShiftedTime(selector.shift, steps_.end, steps_);
    LUMA_ASSIGN_OR_RETURN(
        std::vector<SeriesSamples> found,
        source_.Select(selector.matchers, LeftOpen(first, last, lookback_ms_), limits_));
    uint64_t points = 0;
    for (SeriesSamples& series : found) {
      series = AtSteps(selector.shift, std::move(series));
      points += series.timestamps.size();
      LUMA_RETURN_IF_ERROR(CheckLimits(points, series.timestamps.size()));
    }
    std::erase_if(found, [](const SeriesSamples& series) { return series.timestamps.empty(); });
    return found;
  }

  // One stored sample can be the value of thousands of steps, so storage's own count is no bound.
  Status CheckLimits(uint64_t points, uint64_t new_points) const {
    if (points > limits_.samples_max) {
      return Status::TooLarge("query gives too many samples: limit=", limits_.samples_max);
    }
    if (std::chrono::steady_clock::now() > limits_.deadline) {
      return Status::Timeout("query took too long");
    }
    return limits_.memory == nullptr ? Status::Ok()
                                     : limits_.memory->Book(new_points * sizeof(Sample));
  }

  // The latest sample within the lookback of each step, unless it is a staleness marker.
  SeriesSamples AtSteps(const TimeShift& shift, SeriesSamples stored) const {
    SeriesSamples result;
    const std::vector<UnixMillis>& times = stored.timestamps;
    size_t after = 0;  // the first sample later than the step
    for (UnixMillis step = steps_.start; step <= steps_.end; step += steps_.step_ms) {
      const UnixMillis until = ShiftedTime(shift, step, steps_);
      while (after < times.size() && times[after] <= until) ++after;
      const bool fresh = after > 0 && times[after - 1] >= LeftOpen(until, until, lookback_ms_).min;
      if (fresh && !IsStaleNan(stored.values[after - 1])) {
        result.timestamps.push_back(step);
        result.values.push_back(stored.values[after - 1]);
      }
      if (step > std::numeric_limits<UnixMillis>::max() - steps_.step_ms) break;
    }
    result.labels = std::move(stored.labels);
    return result;
  }

  Result<std::vector<SeriesSamples>> Negated(const Expr& operand) const {
    LUMA_ASSIGN_OR_RETURN(std::vector<SeriesSamples> vector, Vector(operand));
    for (SeriesSamples& series : vector) {
      for (double& value : series.values) value = -value;
      LUMA_ASSIGN_OR_RETURN(series.labels, WithoutName(series.labels));
    }
    std::sort(vector.begin(), vector.end(), [](const SeriesSamples& a, const SeriesSamples& b) {
      return CompareLabels(a.labels, b.labels) < 0;
    });
    const auto twice = std::adjacent_find(
        vector.begin(), vector.end(),
        [](const SeriesSamples& a, const SeriesSamples& b) { return a.labels == b.labels; });
    if (twice != vector.end()) {
      return Status::InvalidArgument("vector cannot contain metrics with the same labelset");
    }
    return vector;
  }

  static Result<Labels> WithoutName(const Labels& labels) {
    std::vector<LabelRef> kept;
    for (const LabelRef& label : labels) {
      if (label.name != kMetricNameLabel) kept.push_back(label);
    }
    return Labels::Of(std::move(kept));
  }

  static void DropStaleMarkers(SeriesSamples& series) {
    size_t kept = 0;
    for (size_t i = 0; i < series.values.size(); ++i) {
      if (IsStaleNan(series.values[i])) continue;
      series.timestamps[kept] = series.timestamps[i];
      series.values[kept++] = series.values[i];
    }
    series.timestamps.resize(kept);
    series.values.resize(kept);
  }

  const MetricsSource& source_;
  const int64_t lookback_ms_;
  const Steps steps_;
  const ReadLimits& limits_;
};

}  // namespace

Result<QueryValue> Evaluator::Instant(const Expr& expr, UnixMillis time,
                                      const ReadLimits& limits) const {
  QueryValue value;
  value.type = expr.type;
  value.time = time;
  const VectorEvaluation evaluation(source_, options_.lookback.count(), {time, time, 1}, limits);
  switch (expr.type) {
    case ValueType::kScalar: {
      LUMA_ASSIGN_OR_RETURN(value.scalar, EvaluateScalar(expr));
      break;
    }
    case ValueType::kString: {
      const auto* const literal = std::get_if<StringLiteral>(&Unwrapped(expr).node);
      if (literal == nullptr) return UnsupportedExpr(expr);
      value.string = literal->value;
      break;
    }
    case ValueType::kVector: {
      LUMA_ASSIGN_OR_RETURN(value.series, evaluation.Vector(expr));
      break;
    }
    case ValueType::kMatrix: {
      LUMA_ASSIGN_OR_RETURN(value.series, evaluation.Matrix(expr));
      break;
    }
  }
  return value;
}

Result<QueryValue> Evaluator::Range(const Expr& expr, UnixMillis start, UnixMillis end,
                                    int64_t step_ms, const ReadLimits& limits) const {
  LUMA_CHECK(step_ms > 0 && start <= end);
  LUMA_RETURN_IF_ERROR(CheckRangeQueryType(expr));
  QueryValue value;
  value.type = ValueType::kMatrix;
  if (expr.type == ValueType::kVector) {
    const Steps steps{start, end, step_ms};
    const VectorEvaluation evaluation(source_, options_.lookback.count(), steps, limits);
    LUMA_ASSIGN_OR_RETURN(value.series, evaluation.Vector(expr));
    return value;
  }
  LUMA_ASSIGN_OR_RETURN(const double scalar, EvaluateScalar(expr));
  SeriesSamples& series = value.series.emplace_back();
  for (__int128 step = start; step <= end; step += step_ms) {
    series.timestamps.push_back(static_cast<UnixMillis>(step));
    series.values.push_back(scalar);
  }
  return value;
}

Status CheckRangeQueryType(const Expr& expr) {
  if (expr.type == ValueType::kScalar || expr.type == ValueType::kVector) return Status::Ok();
  return Status::InvalidArgument("invalid expression type \"", ValueTypeText(expr.type),
                                 "\" for range query, must be Scalar or instant Vector");
}

}  // namespace luma::promql
