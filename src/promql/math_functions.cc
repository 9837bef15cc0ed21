#include "promql/math_functions.h"

#include <cmath>
#include <numbers>
#include <utility>

#include "promql/scalar_arithmetic.h"

namespace luma::promql {
namespace {

using FloatFunction = double (*)(double);

double Sign(double value) {
  if (value < 0) return -1;
  return value > 0 ? 1 : value;
}
double Degrees(double value) { return value * 180 / std::numbers::pi; }
double Radians(double value) { return value * std::numbers::pi / 180; }

struct NamedFunction {
  std::string_view name;
  FloatFunction function;
};
constexpr NamedFunction kFunctions[] = {
    {"abs", [](double v) { return std::fabs(v); }},
    {"acos", [](double v) { return std::acos(v); }},
    {"acosh", [](double v) { return std::acosh(v); }},
    {"asin", [](double v) { return std::asin(v); }},
    {"asinh", [](double v) { return std::asinh(v); }},
    {"atan", [](double v) { return std::atan(v); }},
    {"atanh", [](double v) { return std::atanh(v); }},
    {"ceil", [](double v) { return std::ceil(v); }},
    {"cos", [](double v) { return std::cos(v); }},
    {"cosh", [](double v) { return std::cosh(v); }},
    {"deg", Degrees},
    {"exp", [](double v) { return std::exp(v); }},
    {"floor", [](double v) { return std::floor(v); }},
    {"ln", [](double v) { return std::log(v); }},
    {"log10", [](double v) { return std::log10(v); }},
    {"log2", [](double v) { return std::log2(v); }},
    {"rad", Radians},
    {"sgn", Sign},
    {"sin", [](double v) { return std::sin(v); }},
    {"sinh", [](double v) { return std::sinh(v); }},
    {"sqrt", [](double v) { return std::sqrt(v); }},
    {"tan", [](double v) { return std::tan(v); }},
    {"tanh", [](double v) { return std::tanh(v); }},
};

FloatFunction FindFloatFunction(std::string_view name) {
  for (const NamedFunction& candidate : kFunctions) {
    if (candidate.name == name) return candidate.function;
  }
  return nullptr;
}

// Puts map(step, value) into every cell; histograms are no numbers and go.
template <typename Map>
VectorValue Mapped(VectorValue vector, Map map) {
  vector.DropHistograms();
  for (size_t row = 0; row < vector.size(); ++row) {
    vector.set_drop_name(row, true);
    ForEachPresent(vector, row,
                   [&](size_t step) { vector.Set(row, step, map(step, vector.At(row, step))); });
  }
  return vector;
}

Result<VectorValue> CallFloatFunction(NodeEvaluator& evaluator, const Call& call) {
  const FloatFunction function = FindFloatFunction(call.function->name);
  LUMA_ASSIGN_OR_RETURN(VectorValue vector, evaluator.Vector(*call.arguments[0]));
  return Mapped(std::move(vector), [&](size_t, double value) { return function(value); });
}

Result<VectorValue> ClampMin(NodeEvaluator& evaluator, const Call& call) {
  LUMA_ASSIGN_OR_RETURN(VectorValue vector, evaluator.Vector(*call.arguments[0]));
  LUMA_ASSIGN_OR_RETURN(const ScalarColumn least, evaluator.Scalar(*call.arguments[1]));
  return Mapped(std::move(vector),
                [&](size_t step, double value) { return GreaterOrNan(least[step], value); });
}

Result<VectorValue> ClampMax(NodeEvaluator& evaluator, const Call& call) {
  LUMA_ASSIGN_OR_RETURN(VectorValue vector, evaluator.Vector(*call.arguments[0]));
  LUMA_ASSIGN_OR_RETURN(const ScalarColumn most, evaluator.Scalar(*call.arguments[1]));
  return Mapped(std::move(vector),
                [&](size_t step, double value) { return LesserOrNan(most[step], value); });
}

// Empty at steps whose bounds are the wrong way round.
Result<VectorValue> Clamp(NodeEvaluator& evaluator, const Call& call) {
  LUMA_ASSIGN_OR_RETURN(VectorValue vector, evaluator.Vector(*call.arguments[0]));
  LUMA_ASSIGN_OR_RETURN(const ScalarColumn least, evaluator.Scalar(*call.arguments[1]));
  LUMA_ASSIGN_OR_RETURN(const ScalarColumn most, evaluator.Scalar(*call.arguments[2]));
  VectorValue out = Mapped(std::move(vector), [&](size_t step, double value) {
    return GreaterOrNan(least[step], LesserOrNan(most[step], value));
  });
  for (size_t row = 0; row < out.size(); ++row) {
    ForEachPresent(out, row, [&](size_t step) {
      if (most[step] < least[step]) out.Clear(row, step);
    });
  }
  return out;
}

// Halves go up. Multiplying by the inverse is less accurate than dividing, but what Prometheus
// does.
Result<VectorValue> Round(NodeEvaluator& evaluator, const Call& call) {
  LUMA_ASSIGN_OR_RETURN(VectorValue vector, evaluator.Vector(*call.arguments[0]));
  ScalarColumn nearest(vector.step_count(), 1);
  if (call.arguments.size() > 1) {
    LUMA_ASSIGN_OR_RETURN(nearest, evaluator.Scalar(*call.arguments[1]));
  }
  return Mapped(std::move(vector), [&](size_t step, double value) {
    const double inverse = 1.0 / nearest[step];
    return std::floor(value * inverse + 0.5) / inverse;
  });
}

}  // namespace

VectorFunction FindMathFunction(std::string_view name) {
  if (name == "clamp") return Clamp;
  if (name == "clamp_max") return ClampMax;
  if (name == "clamp_min") return ClampMin;
  if (name == "round") return Round;
  return FindFloatFunction(name) == nullptr ? nullptr : CallFloatFunction;
}

}  // namespace luma::promql
