#include "promql/rate.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "promql/extended_rate.h"
#include "promql/start_times.h"

namespace luma::promql {
namespace {

double SecondsOf(int64_t millis) { return static_cast<double>(millis) / 1000; }

// In lanes, since each addition waits for the one before: the last bit may be rounded otherwise.
double PlainSum(std::span<const double> values) {
  constexpr size_t kLanes = 4;
  std::array<double, kLanes> sums{};
  size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) sums[lane] += values[i + lane];
  }
  for (; i < values.size(); ++i) sums[0] += values[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// Where a counter starts anew, and what it had reached before.
class CounterResets {
 public:
  explicit CounterResets(const RangeSeries& series) {
    if (series.start_times.empty()) {
      Find(series.values, [&](size_t i) { return series.values[i] < series.values[i - 1]; });
    } else {
      Find(series.values, [&](size_t i) {
        return series.values[i] < series.values[i - 1] || BeganAnewAt(series, i);
      });
    }
  }

  // `sum` plus what the counter had reached before each reset inside the window.
  double Correct(double sum, const Window& window) const {
    if (reached_.empty()) return sum;
    const uint32_t first = until_[window.first];
    const uint32_t end = until_[window.first + window.size() - 1];
    return sum + PlainSum(std::span(reached_).subspan(first, end - first));
  }

 private:
  // Counted first, since most counters have none, and then without a branch for each sample: gauges
  // fall all the time, and nobody can foretell when.
  template <typename IsReset>
  void Find(std::span<const double> values, IsReset is_reset) {
    size_t count = 0;
    for (size_t i = 1; i < values.size(); ++i) count += size_t{is_reset(i)};
    if (count == 0) return;
    reached_.resize(count + 1);  // one more, where the search for the next one writes
    until_.resize(values.size());
    uint32_t found = 0;
    for (size_t i = 1; i < values.size(); ++i) {
      reached_[found] = values[i - 1];
      found += uint32_t{is_reset(i)};
      until_[i] = found;
    }
  }

  std::vector<double> reached_;  // before each reset, and one more; empty without resets
  std::vector<uint32_t> until_;  // how many resets there are up to each sample
};

void WarnAboutOverlaps(const RangeCall& call, const RangeSeries& series) {
  Overlaps overlaps(series);
  if (overlaps.is_over()) return;
  ForEachWindow(call.range, series, [&](size_t, const Window& window) {
    overlaps.WarnAbout(window, call.annotations);
  });
}

template <bool kIsCounter, bool kPerSecond>
void Extrapolated(const RangeCall& call, const RangeSeries& series, size_t row, VectorValue& out) {
  if (call.range.edges != RangeEdges::kPlain) {
    return ExtendedRate(call, series, {.is_counter = kIsCounter, .per_second = kPerSecond}, row,
                        out);
  }
  std::optional<CounterResets> resets;
  if (kIsCounter) {
    resets.emplace(series);
    WarnAboutOverlaps(call, series);
  }
  Extrapolator extrapolator;
  ForEachWindow(call.range, series, [&](size_t step, const Window& window) {
    const std::optional<UnixMillis> began = kIsCounter ? StartInside(window) : std::nullopt;
    if (window.size() < 2 && !began) return;
    double increase = window.values.back() - window.values.front();
    if (resets) increase = resets->Correct(increase, window);
    if (began) increase += window.values.front();
    double factor = extrapolator.Of({.start = window.start,
                                     .end = window.end,
                                     .first_time = window.times.front(),
                                     .last_time = window.times.back(),
                                     .samples = window.size(),
                                     .first = window.values.front(),
                                     .began = began},
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
    const bool is_reset = value < before || BeganAnewAt(window, last);
    const double increase = is_reset ? value : value - before;
    out.Set(row, step, increase / SecondsOf(window.times[last] - window.times[last - 1]));
  });
}

bool IsChange(const RangeSeries& series, size_t i) {
  const double before = series.values[i - 1];
  const double value = series.values[i];
  return value != before && !(std::isnan(value) && std::isnan(before));
}
bool IsReset(const RangeSeries& series, size_t i) {
  return series.values[i] < series.values[i - 1] || BeganAnewAt(series, i);
}

// How many neighbours in the window satisfy the condition. counts[i] has those up to sample i, so
// a window is a difference.
template <bool (*kCondition)(const RangeSeries&, size_t)>
void CountPairs(const RangeCall& call, const RangeSeries& series, size_t row, VectorValue& out) {
  std::vector<size_t> counts(series.values.size());
  for (size_t i = 1; i < counts.size(); ++i) {
    counts[i] = counts[i - 1] + (kCondition(series, i) ? 1 : 0);
  }
  ForEachWindow(call.range, series, [&](size_t step, const Window& window) {
    const std::optional<size_t> first = AnchorOf(call.range, window);
    if (!first) return;
    const size_t pairs = counts[window.first + window.size() - 1] - counts[window.first + *first];
    out.Set(row, step, static_cast<double>(pairs));
  });
}

constexpr RangeFunction kFunctions[] = {
    {"changes", CountPairs<IsChange>},
    {"delta", Extrapolated<false, false>},
    {"idelta", Instant<false>},
    {.name = "increase", .kernel = Extrapolated<true, false>, .wants_start_times = true},
    {.name = "irate", .kernel = Instant<true>, .wants_start_times = true},
    {.name = "rate", .kernel = Extrapolated<true, true>, .wants_start_times = true},
    {.name = "resets", .kernel = CountPairs<IsReset>, .wants_start_times = true},
};

}  // namespace

std::span<const RangeFunction> RateFunctions() { return kFunctions; }

double Extrapolation(const RateSamples& samples, double increase, bool is_counter) {
  return Extrapolator().Of(samples, increase, is_counter);
}

double Extrapolator::Of(const RateSamples& samples, double increase, bool is_counter) {
  const Times times{.covered = samples.last_time - samples.first_time,
                    .to_start = samples.first_time - samples.start,
                    .to_end = samples.end - samples.last_time,
                    .samples = samples.samples};
  if (times != times_) {
    times_ = times;
    covered_ = SecondsOf(times.covered);
    const double interval =
        times.samples > 1 ? covered_ / static_cast<double>(times.samples - 1) : 0;
    const double threshold = interval * 1.1;
    const auto reach = [&](double to_edge) {
      return to_edge >= threshold ? interval / 2 : to_edge;
    };
    before_ = reach(SecondsOf(times.to_start));
    after_ = reach(SecondsOf(times.to_end));
  }
  if (samples.began) {
    const double since = SecondsOf(samples.last_time - *samples.began);
    return (since + after_) / since;
  }
  double before = before_;
  if (is_counter && increase > 0 && samples.first >= 0) {
    const double to_zero = covered_ * (samples.first / increase);
    if (to_zero < before) before = to_zero;
  }
  return (covered_ + before + after_) / covered_;
}

}  // namespace luma::promql
