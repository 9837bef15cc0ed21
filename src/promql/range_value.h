// The value of a range vector expression: samples, and the window of them that each step sees.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "model/float_histogram.h"
#include "model/labels.h"
#include "model/rollup.h"
#include "promql/steps.h"
#include "promql/work_meter.h"

namespace luma::promql {

struct RangeSeries {
  Labels labels;
  bool drop_name = false;
  std::vector<UnixMillis> times;  // ascending; staleness markers are gone
  std::vector<double> values;
  std::vector<RollupPoint> rollups{};  // of samples that stand for a bucket, ascending
  // None when all samples are floats; else as many, null for floats.
  std::vector<HistogramPtr> histograms{};
  // None when they were not asked for or there are none; else as many, 0 where one is not known.
  std::vector<UnixMillis> start_times{};
};

struct RangeValue {
  std::vector<RangeSeries> series;
  // At step i the window is (ends[i] - length_ms, ends[i]]; ends ascend. Copies share them.
  std::span<const UnixMillis> ends;
  std::shared_ptr<const std::vector<UnixMillis>> ends_owner = nullptr;
  int64_t length_ms = 0;
  RangeEdges edges = RangeEdges::kPlain;
  WorkMeter* meter = nullptr;  // told of every window
  int64_t lookback_ms = 0;     // how far beyond the edges an anchored or smoothed range sees
};

enum class WindowKind : uint8_t { kFloats, kHistograms, kBoth };

// The samples one step sees: those in (start, end] of a plain range, also some beyond otherwise.
struct Window {
  std::span<const UnixMillis> times;
  std::span<const double> values;
  UnixMillis start = 0;
  UnixMillis end = 0;
  size_t first = 0;                            // number of times[0] in the series
  std::span<const HistogramPtr> histograms{};  // none when the series has none
  std::span<const UnixMillis> start_times{};   // the same
  size_t size() const { return times.size(); }

  WindowKind kind() const {
    const auto floats = std::ranges::count(histograms, nullptr);
    if (static_cast<size_t>(floats) == histograms.size()) return WindowKind::kFloats;
    return floats == 0 ? WindowKind::kHistograms : WindowKind::kBoth;
  }
  // Its last samples; it has as many.
  Window Last(size_t count) const {
    Window last = *this;
    last.times = times.last(count);
    last.values = values.last(count);
    if (!histograms.empty()) last.histograms = histograms.last(count);
    if (!start_times.empty()) last.start_times = start_times.last(count);
    last.first += size() - count;
    return last;
  }
};

// The number of the first time after `bound`, from `from` on; `guess` is what it may be. Scrapes
// come at even intervals, so that it mostly is when the last windows tell.
inline size_t FirstAfter(std::span<const UnixMillis> times, size_t from, UnixMillis bound,
                         size_t guess) {
  if (guess > from && guess < times.size() && times[guess - 1] <= bound) {
    if (times[guess] > bound) return guess;
    from = guess;
  }
  while (from < times.size() && times[from] <= bound) ++from;
  return from;
}

// Calls visit(step, window) for every step whose window has a sample, in ascending order. The
// bounds of windows only move forward, so one pass over the samples serves all steps. Ends early
// when the meter says so: the caller must then not give the result away.
template <typename Visit>
void ForEachWindow(const RangeValue& range, const RangeSeries& series, Visit visit) {
  const int64_t before_ms = range.edges == RangeEdges::kPlain ? 0 : range.lookback_ms;
  const int64_t after_ms = range.edges == RangeEdges::kSmoothed ? range.lookback_ms : 0;
  const std::vector<UnixMillis>& times = series.times;
  size_t low = 0;
  size_t high = 0;
  size_t low_step = 0;  // by how much the last window moved
  size_t high_step = 0;
  for (size_t step = 0; step < range.ends.size(); ++step) {
    const UnixMillis end = range.ends[step];
    const UnixMillis start = SaturatingAdd(end, -range.length_ms);
    const UnixMillis from = SaturatingAdd(start, -before_ms);
    const UnixMillis until = SaturatingAdd(end, after_ms);
    const size_t last_low = std::exchange(low, FirstAfter(times, low, from, low + low_step));
    const size_t last_high =
        std::exchange(high, FirstAfter(times, std::max(low, high), until, high + high_step));
    low_step = low - last_low;
    high_step = high - last_high;
    if (low == high) continue;
    if (range.meter != nullptr && !range.meter->Spend(high - low)) return;
    Window window{.times = std::span(times).subspan(low, high - low),
                  .values = std::span(series.values).subspan(low, high - low),
                  .start = start,
                  .end = end,
                  .first = low};
    if (!series.histograms.empty()) {
      window.histograms = std::span(series.histograms).subspan(low, high - low);
    }
    if (!series.start_times.empty()) {
      window.start_times = std::span(series.start_times).subspan(low, high - low);
    }
    visit(step, window);
  }
}

}  // namespace luma::promql
