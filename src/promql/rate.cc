#include "promql/rate.h"

#include <cmath>
#include <optional>

#include "promql/extended_rate.h"
#include "promql/start_times.h"

namespace luma::promql {
namespace {

double SecondsOf(int64_t millis) { return static_cast<double>(millis) / 1000; }

// The sample numbers at which a counter starts anew. Windows move forward, so each search does.
class CounterResets {
 public:
  // Counted first: that needs no branch for each sample, and most counters have none.
  explicit CounterResets(const RangeSeries& series) : values_(series.values) {
    size_t count = 0;
    for (size_t i = 1; i < values_.size(); ++i) count += size_t{IsResetAt(series, i)};
    if (count == 0) return;
    resets_.reserve(count);
    for (size_t i = 1; i < values_.size(); ++i) {
      if (IsResetAt(series, i)) resets_.push_back(i);
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
  static bool IsResetAt(const RangeSeries& series, size_t i) {
    const bool is_less = series.values[i] < series.values[i - 1];
    return is_less || BeganAnewAt(series, i);
  }

  const std::vector<double>& values_;
  std::vector<size_t> resets_;
  size_t next_ = 0;
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
  ForEachWindow(call.range, series, [&](size_t step, const Window& window) {
    const std::optional<UnixMillis> began = kIsCounter ? StartInside(window) : std::nullopt;
    if (window.size() < 2 && !began) return;
    double increase = window.values.back() - window.values.front();
    if (resets) increase = resets->Correct(increase, window);
    if (began) increase += window.values.front();
    double factor = Extrapolation({.start = window.start,
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
  const double covered = SecondsOf(samples.last_time - samples.first_time);
  const double interval =
      samples.samples > 1 ? covered / static_cast<double>(samples.samples - 1) : 0;
  const double threshold = interval * 1.1;
  double to_end = SecondsOf(samples.end - samples.last_time);
  if (to_end >= threshold) to_end = interval / 2;
  if (samples.began) {
    const double since = SecondsOf(samples.last_time - *samples.began);
    return (since + to_end) / since;
  }
  double to_start = SecondsOf(samples.first_time - samples.start);
  if (to_start >= threshold) to_start = interval / 2;
  if (is_counter && increase > 0 && samples.first >= 0) {
    const double to_zero = covered * (samples.first / increase);
    if (to_zero < to_start) to_start = to_zero;
  }
  return (covered + to_start + to_end) / covered;
}

}  // namespace luma::promql
