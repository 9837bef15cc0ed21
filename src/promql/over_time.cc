#include "promql/over_time.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "model/compensated_sum.h"
#include "promql/quantile.h"

namespace luma::promql {
namespace {

double SecondsOf(UnixMillis time) { return static_cast<double>(time) / 1000; }

double Count(const Window& window) { return static_cast<double>(window.size()); }

double Sum(const Window& window) { return SumOf(window.values); }

double Average(const Window& window) {
  const double sum = SumOf(window.values);
  if (std::isfinite(sum)) return sum / Count(window);
  CompensatedMean mean;
  for (const double value : window.values) mean.Add(value);
  return mean.mean();
}

double Present(const Window&) { return 1; }
double First(const Window& window) { return window.values.front(); }
double Last(const Window& window) { return window.values.back(); }
double TimeOfFirst(const Window& window) { return SecondsOf(window.times.front()); }
double TimeOfLast(const Window& window) { return SecondsOf(window.times.back()); }

double Variance(const Window& window) {
  CompensatedSum mean;
  CompensatedSum squares;
  double count = 0;
  for (const double value : window.values) {
    ++count;
    const double delta = value - mean.total();
    mean.Add(delta / count);
    squares.Add(delta * (value - mean.total()));
  }
  return squares.total() / count;
}

double Deviation(const Window& window) { return std::sqrt(Variance(window)); }

// The median distance from the median.
double MedianDeviation(const Window& window) {
  if (std::any_of(window.values.begin(), window.values.end(),
                  [](double value) { return std::isnan(value); })) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  std::vector<double> values(window.values.begin(), window.values.end());
  const double median = Quantile(0.5, values);
  for (double& value : values) value = std::fabs(value - median);
  return Quantile(0.5, values);
}

bool IsLess(double value, double best) { return value < best; }
bool IsMore(double value, double best) { return value > best; }
bool IsMinAgain(double value, double best) { return value <= best || std::isnan(best); }
bool IsMaxAgain(double value, double best) { return value >= best || std::isnan(best); }

// When the best value came, the last time when it came several times.
template <bool (*kIsBetter)(double, double)>
double TimeOfBest(const Window& window) {
  size_t best = 0;
  for (size_t i = 1; i < window.size(); ++i) {
    if (kIsBetter(window.values[i], window.values[best])) best = i;
  }
  return SecondsOf(window.times[best]);
}

// The best value; NaN only when there is nothing else. Lanes, since each comparison waits for the
// one before.
template <bool (*kIsBetter)(double, double)>
double BestOf(std::span<const double> values) {
  constexpr size_t kLanes = 8;
  const double worst = kIsBetter(0, 1) ? std::numeric_limits<double>::infinity()
                                       : -std::numeric_limits<double>::infinity();
  std::array<double, kLanes> best;
  best.fill(worst);
  size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      best[lane] = kIsBetter(values[i + lane], best[lane]) ? values[i + lane] : best[lane];
    }
  }
  for (; i < values.size(); ++i) best[0] = kIsBetter(values[i], best[0]) ? values[i] : best[0];
  for (const double lane : best) best[0] = kIsBetter(lane, best[0]) ? lane : best[0];
  if (best[0] != worst) return best[0];
  const bool is_there = std::ranges::find(values, worst) != values.end();
  return is_there ? worst : std::numeric_limits<double>::quiet_NaN();
}

// Of a sliding window in one pass: candidates are kept in order, and a sample that is worse than a
// later one can never be the best again.
template <bool (*kIsBetter)(double, double)>
void BestOfSliding(const RangeCall& call, const RangeSeries& series, size_t row, VectorValue& out) {
  std::vector<size_t> candidates;  // sample numbers, the best first
  size_t head = 0;
  size_t next = 0;
  ForEachWindow(call.range, series, [&](size_t step, const Window& window) {
    for (; next < window.first + window.size(); ++next) {
      const double value = series.values[next];
      if (std::isnan(value)) continue;
      while (candidates.size() > head && !kIsBetter(series.values[candidates.back()], value)) {
        candidates.pop_back();
      }
      candidates.push_back(next);
    }
    while (head < candidates.size() && candidates[head] < window.first) ++head;
    out.Set(row, step,
            head < candidates.size() ? series.values[candidates[head]]
                                     : std::numeric_limits<double>::quiet_NaN());
  });
}

template <bool (*kIsBetter)(double, double)>
double BestOfWindow(const Window& window) {
  return BestOf<kIsBetter>(window.values);
}

// Of windows that share few samples it is cheaper to look at each anew.
template <bool (*kIsBetter)(double, double)>
void Best(const RangeCall& call, const RangeSeries& series, size_t row, VectorValue& out) {
  constexpr int64_t kSlidesFrom = 8;  // windows that see a sample
  if (call.range.length_ms / call.steps.step_ms >= kSlidesFrom) {
    return BestOfSliding<kIsBetter>(call, series, row, out);
  }
  PerWindow<BestOfWindow<kIsBetter>>(call, series, row, out);
}

void QuantileOverTime(const RangeCall& call, const RangeSeries& series, size_t row,
                      VectorValue& out) {
  std::vector<double> values;
  ForEachWindow(call.range, series, [&](size_t step, const Window& window) {
    values.assign(window.values.begin(), window.values.end());
    out.Set(row, step, Quantile(call.scalars[0][step], values));
  });
}

constexpr RangeFunction kFunctions[] = {
    {"avg_over_time", PerWindow<Average>},
    {"count_over_time", PerWindow<Count>, false, true},
    {"first_over_time", PerWindow<First>, true},
    {"last_over_time", PerWindow<Last>, true},
    {"mad_over_time", PerWindow<MedianDeviation>},
    {"max_over_time", Best<IsMore>},
    {"min_over_time", Best<IsLess>},
    {"present_over_time", PerWindow<Present>, false, true},
    {"quantile_over_time", QuantileOverTime},
    {"stddev_over_time", PerWindow<Deviation>},
    {"stdvar_over_time", PerWindow<Variance>},
    {"sum_over_time", PerWindow<Sum>},
    {"ts_of_first_over_time", PerWindow<TimeOfFirst>, false, true},
    {"ts_of_last_over_time", PerWindow<TimeOfLast>, false, true},
    {"ts_of_max_over_time", PerWindow<TimeOfBest<IsMaxAgain>>},
    {"ts_of_min_over_time", PerWindow<TimeOfBest<IsMinAgain>>},
};

}  // namespace

std::span<const RangeFunction> OverTimeFunctions() { return kFunctions; }

}  // namespace luma::promql
