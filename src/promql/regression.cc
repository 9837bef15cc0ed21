#include "promql/regression.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/compensated_sum.h"

namespace luma::promql {
namespace {

struct Line {
  double slope;
  double intercept;  // the value at the time the line was asked for
};

// Least squares; x in seconds from `origin`.
Line FitLine(const Window& window, UnixMillis origin) {
  const double first = window.values.front();
  if (std::all_of(window.values.begin(), window.values.end(),
                  [&](double value) { return value == first; })) {
    if (!std::isinf(first)) return {0, first};
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    return {kNan, kNan};
  }
  CompensatedSum sum_x;
  CompensatedSum sum_y;
  CompensatedSum sum_xy;
  CompensatedSum sum_xx;
  for (size_t i = 0; i < window.size(); ++i) {
    const double x = static_cast<double>(window.times[i] - origin) / 1000;
    sum_x.Add(x);
    sum_y.Add(window.values[i]);
    sum_xy.Add(x * window.values[i]);
    sum_xx.Add(x * x);
  }
  const auto count = static_cast<double>(window.size());
  const double covariance = sum_xy.total() - sum_x.total() * sum_y.total() / count;
  const double variance = sum_xx.total() - sum_x.total() * sum_x.total() / count;
  const double slope = covariance / variance;
  return {slope, sum_y.total() / count - slope * sum_x.total() / count};
}

void Deriv(const RangeCall& call, const RangeSeries& series, size_t row, VectorValue& out) {
  ForEachWindow(call.range, series, [&](size_t step, const Window& window) {
    if (window.size() < 2) return;
    out.Set(row, step, FitLine(window, window.times.front()).slope);
  });
}

// From the time of evaluation, which "@" and "offset" do not move.
void PredictLinear(const RangeCall& call, const RangeSeries& series, size_t row, VectorValue& out) {
  ForEachWindow(call.range, series, [&](size_t step, const Window& window) {
    if (window.size() < 2) return;
    const Line line = FitLine(window, call.steps.At(step));
    out.Set(row, step, line.slope * call.scalars[0][step] + line.intercept);
  });
}

double Smooth(const Window& window, double smoothing, double trending) {
  double previous = 0;
  double smoothed = window.values[0];
  double trend = window.values[1] - window.values[0];
  for (size_t i = 1; i < window.size(); ++i) {
    if (i > 1) trend = trending * (smoothed - previous) + (1 - trending) * trend;
    const double next = smoothing * window.values[i] + (1 - smoothing) * (smoothed + trend);
    previous = smoothed;
    smoothed = next;
  }
  return smoothed;
}

void DoubleExponentialSmoothing(const RangeCall& call, const RangeSeries& series, size_t row,
                                VectorValue& out) {
  ForEachWindow(call.range, series, [&](size_t step, const Window& window) {
    if (window.size() < 2) return;
    out.Set(row, step, Smooth(window, call.scalars[0][step], call.scalars[1][step]));
  });
}

constexpr RangeFunction kFunctions[] = {
    {"deriv", Deriv},
    {"double_exponential_smoothing", DoubleExponentialSmoothing},
    {"holt_winters", DoubleExponentialSmoothing},
    {"predict_linear", PredictLinear},
};

Status CheckFactors(const ScalarColumn& factors, std::string_view what, std::string_view name) {
  for (const double factor : factors) {
    if (factor > 0 && factor < 1) continue;
    return Status::InvalidArgument("invalid ", what, " factor. Expected: 0 < ", name,
                                   " < 1, got: ", factor);
  }
  return Status::Ok();
}

}  // namespace

std::span<const RangeFunction> RegressionFunctions() { return kFunctions; }

Status CheckSmoothingFactors(std::span<const ScalarColumn> factors) {
  LUMA_RETURN_IF_ERROR(CheckFactors(factors[0], "smoothing", "sf"));
  return CheckFactors(factors[1], "trend", "tf");
}

}  // namespace luma::promql
