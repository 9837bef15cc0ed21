#include "promql/rate.h"

#include <cmath>
#include <optional>

#include "promql/extended_rate.h"

namespace luma::promql {
namespace {

double SecondsOf(int64_t millis) { return static_cast<double>(millis) / 1000; }

// The sample numbers at which a counter starts anew. Windows move forward, so each search does.
class CounterResets {
 public:
  explicit CounterResets(const RangeSeries& series) : values_(series.values) {
    for (size_t i = 1; i < values_.size(); ++i) {
      if (values_[i] < values_[i - 1]) resets_.push_back(i);
    }
  }

  // `sum` plus what the counter had reached before each reset inside the window.
  double Correct(double sum, const Window& window) {
    while (next_ < resets_.size() && resets_[next_] <= window.first) ++next_;
    for (size_t i = next_; i < resets_.size() && resets_[i] < window.first + window.size(); ++i) {
      sum += values_[resets_[i] - 1];
    }
    return sum;
  }

 private:
  const std::vector<double>& values_;
  std::vector<size_t> resets_;
  size_t next_ = 0;
};

template <bool kIsCounter, bool kPerSecond>
void Extrapolated(const RangeCall& call, const RangeSeries& series, size_t row, VectorValue& out) {
  if (call.range.edges != RangeEdges::kPlain) {
    return ExtendedRate(call, series, {.is_counter = kIsCounter, .per_second = kPerSecond}, row,
                        out);
  }
  std::optional<CounterResets> resets;
  if (kIsCounter) resets.emplace(series);
  ForEachWindow(call.range, series, [&](size_t step, const Window& window) {
    if (window.size() < 2) return;
    double increase = window.values.back() - window.values.front();
    if (resets) increase = resets->Correct(increase, window);
    double factor = Extrapolation({.start = window.start,
                                   .end = window.end,
                                   .first_time = window.times.front(),
                                   .last_time = window.times.back(),
                                   .samples = window.size(),
                                   .first = window.values.front()},
                                  increase, kIsCounter);
    if (kPerSecond) factor /= SecondsOf(call.range.length_ms);
    out.Set(row, step, increase * factor);
  });
}

// Between the last two samples.
template <bool kPerSecond>
void Instant(const RangeCall& call, const RangeSeries& series, size_t row, VectorValue& out) {
  ForEachWindow(call.range, series, [&](size_t step, const Window& window) {
    if (window.size() < 2) return;
    const size_t last = window.size() - 1;
    const double value = window.values[last];
    const double before = window.values[last - 1];
    if (!kPerSecond) return out.Set(row, step, value - before);
    const double increase = value < before ? value : value - before;
    out.Set(row, step, increase / SecondsOf(window.times[last] - window.times[last - 1]));
  });
}

bool IsChange(double before, double value) {
  return value != before && !(std::isnan(value) && std::isnan(before));
}
bool IsReset(double before, double value) { return value < before; }

// How many neighbours in the window satisfy the condition. counts[i] has those up to sample i, so
// a window is a difference.
template <bool (*kCondition)(double, double)>
void CountPairs(const RangeCall& call, const RangeSeries& series, size_t row, VectorValue& out) {
  std::vector<size_t> counts(series.values.size());
  for (size_t i = 1; i < counts.size(); ++i) {
    counts[i] = counts[i - 1] + (kCondition(series.values[i - 1], series.values[i]) ? 1 : 0);
  }
  ForEachWindow(call.range, series, [&](size_t step, const Window& window) {
    const std::optional<size_t> first = AnchorOf(call.range, window);
    if (!first) return;
    const size_t pairs = counts[window.first + window.size() - 1] - counts[window.first + *first];
    out.Set(row, step, static_cast<double>(pairs));
  });
}

constexpr RangeFunction kFunctions[] = {
    {"changes", CountPairs<IsChange>}, {"delta", Extrapolated<false, false>},
    {"idelta", Instant<false>},        {"increase", Extrapolated<true, false>},
    {"irate", Instant<true>},          {"rate", Extrapolated<true, true>},
    {"resets", CountPairs<IsReset>},
};

}  // namespace

std::span<const RangeFunction> RateFunctions() { return kFunctions; }

double Extrapolation(const RateSamples& samples, double increase, bool is_counter) {
  const double covered = SecondsOf(samples.last_time - samples.first_time);
  const double interval = covered / static_cast<double>(samples.samples - 1);
  const double threshold = interval * 1.1;
  double to_start = SecondsOf(samples.first_time - samples.start);
  double to_end = SecondsOf(samples.end - samples.last_time);
  if (to_start >= threshold) to_start = interval / 2;
  if (is_counter && increase > 0 && samples.first >= 0) {
    const double to_zero = covered * (samples.first / increase);
    if (to_zero < to_start) to_start = to_zero;
  }
  if (to_end >= threshold) to_end = interval / 2;
  return (covered + to_start + to_end) / covered;
}

}  // namespace luma::promql
