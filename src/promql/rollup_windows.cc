#include "promql/rollup_windows.h"

#include "promql/rate.h"

namespace luma::promql {
namespace {

double SecondsOf(int64_t millis) { return static_cast<double>(millis) / 1000; }

template <double (*kOf)(const Rollup&)>
std::optional<double> Of(const Rollup& total, const Window&, int64_t) {
  return kOf(total);
}

double Sum(const Rollup& total) { return total.sum; }
double Count(const Rollup& total) { return static_cast<double>(total.count); }
double Average(const Rollup& total) { return total.sum / static_cast<double>(total.count); }
double Min(const Rollup& total) { return total.min; }
double Max(const Rollup& total) { return total.max; }
double First(const Rollup& total) { return total.first; }
double Last(const Rollup& total) { return total.last; }
double Present(const Rollup&) { return 1; }
double TimeOfFirst(const Rollup& total) { return SecondsOf(total.first_ts); }
double TimeOfLast(const Rollup& total) { return SecondsOf(total.last_ts); }
double Changes(const Rollup& total) { return static_cast<double>(total.changes); }
double Resets(const Rollup& total) { return static_cast<double>(total.resets); }

template <bool kIsCounter, bool kPerSecond>
std::optional<double> Extrapolated(const Rollup& total, const Window& window, int64_t length_ms) {
  // A value that was written anew at its time counts twice and covers nothing.
  if (total.count < 2 || total.first_ts == total.last_ts) return std::nullopt;
  const double increase = kIsCounter ? total.increase() : total.last - total.first;
  double factor = Extrapolation({.start = window.start,
                                 .end = window.end,
                                 .first_time = total.first_ts,
                                 .last_time = total.last_ts,
                                 .samples = total.count,
                                 .first = total.first},
                                increase, kIsCounter);
  if (kPerSecond) factor /= SecondsOf(length_ms);
  return increase * factor;
}

struct NamedFunction {
  std::string_view name;
  RollupFunction function;
};

constexpr NamedFunction kFunctions[] = {
    {"avg_over_time", Of<Average>},
    {"changes", Of<Changes>},
    {"count_over_time", Of<Count>},
    {"delta", Extrapolated<false, false>},
    {"first_over_time", Of<First>},
    {"increase", Extrapolated<true, false>},
    {"last_over_time", Of<Last>},
    {"max_over_time", Of<Max>},
    {"min_over_time", Of<Min>},
    {"present_over_time", Of<Present>},
    {"rate", Extrapolated<true, true>},
    {"resets", Of<Resets>},
    {"sum_over_time", Of<Sum>},
    {"ts_of_first_over_time", Of<TimeOfFirst>},
    {"ts_of_last_over_time", Of<TimeOfLast>},
};

// Adds up what one window after the other holds of a series. Windows only move forward.
class WindowTotals {
 public:
  explicit WindowTotals(const RangeSeries& series) : buckets_(series.rollups) {}

  Rollup Of(const Window& window) {
    while (first_ < buckets_.size() && buckets_[first_].point < window.first) ++first_;
    size_t next = first_;
    RollupFold fold;
    for (size_t i = 0; i < window.size(); ++i) {
      const bool is_bucket = next < buckets_.size() && buckets_[next].point == window.first + i;
      fold.Add(is_bucket ? buckets_[next++].rollup
                         : Rollup::Of({window.times[i], window.values[i]}));
    }
    return fold.Total();
  }

 private:
  const std::vector<RollupPoint>& buckets_;
  size_t first_ = 0;  // of the window
};

}  // namespace

RollupFunction FindRollupFunction(std::string_view name) {
  for (const NamedFunction& named : kFunctions) {
    if (named.name == name) return named.function;
  }
  return nullptr;
}

void CallRollupFunction(RollupFunction function, const RangeValue& range, const RangeSeries& series,
                        size_t row, VectorValue& out) {
  WindowTotals totals(series);
  const std::span<const UnixMillis> ends = range.ends;
  ForEachWindow(range, series, [&](size_t step, const Window& window) {
    // A window that does not move, as with "@", is computed once.
    if (step > 0 && ends[step] == ends[step - 1]) {
      if (out.Has(row, step - 1)) out.Set(row, step, out.At(row, step - 1));
      return;
    }
    const std::optional<double> value = function(totals.Of(window), window, range.length_ms);
    if (value) out.Set(row, step, *value);
  });
}

}  // namespace luma::promql
