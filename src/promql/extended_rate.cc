#include "promql/extended_rate.h"

#include <algorithm>

namespace luma::promql {
namespace {

enum class Edge : uint8_t { kLeft, kRight };

// On the line from sample i to sample i + 1. A counter that was reset between them started again
// from 0: that is its value before the left edge; before the right edge it went on from where it
// was.
double Interpolate(const Window& window, size_t i, UnixMillis time, bool is_counter, Edge edge) {
  double from = window.values[i];
  double to = window.values[i + 1];
  if (is_counter && to < from) {
    if (edge == Edge::kLeft) {
      from = 0;
    } else {
      to += from;
    }
  }
  return from + (to - from) * static_cast<double>(time - window.times[i]) /
                    static_cast<double>(window.times[i + 1] - window.times[i]);
}

// What a counter had reached before each reset on the way from `left` over the values to `right`.
double ResetCorrection(double left, double right, std::span<const double> between) {
  double correction = 0;
  double before = left;
  for (const double value : between) {
    if (value < before) correction += before;
    before = value;
  }
  return right < before ? correction + before : correction;
}

std::optional<double> Difference(const Window& window, bool smoothed, bool is_counter) {
  const auto& times = window.times;
  size_t last = window.size() - 1;
  const auto search = [&](UnixMillis bound) {
    const auto at =
        std::lower_bound(times.begin(), times.begin() + static_cast<ptrdiff_t>(last), bound);
    return static_cast<size_t>(at - times.begin());
  };
  const size_t inside = search(SaturatingAdd(window.start, 1));
  size_t first = inside == 0 ? 0 : inside - 1;
  if (smoothed) last = search(window.end);
  if (times[last] <= window.start || times[first] > window.end) return std::nullopt;

  const bool cut_left = smoothed && times[first] < window.start;
  const bool cut_right = smoothed && last > 0 && times[last] > window.end;
  const double left = cut_left ? Interpolate(window, first, window.start, is_counter, Edge::kLeft)
                               : window.values[first];
  const double right = cut_right
                           ? Interpolate(window, last - 1, window.end, is_counter, Edge::kRight)
                           : window.values[last];
  if (!is_counter) return right - left;
  const size_t begin = times[first] <= window.start ? first + 1 : first;
  const size_t end = times[last] >= window.end ? last : last + 1;
  const auto between =
      begin < end ? window.values.subspan(begin, end - begin) : std::span<const double>();
  return right - left + ResetCorrection(left, right, between);
}

}  // namespace

void ExtendedRate(const RangeCall& call, const RangeSeries& series, RateKind kind, size_t row,
                  VectorValue& out) {
  const bool smoothed = call.range.edges == RangeEdges::kSmoothed;
  const double seconds = static_cast<double>(call.range.length_ms) / 1000;
  ForEachWindow(call.range, series, [&](size_t step, const Window& window) {
    const std::optional<double> difference = Difference(window, smoothed, kind.is_counter);
    if (difference) out.Set(row, step, kind.per_second ? *difference / seconds : *difference);
  });
}

std::optional<size_t> AnchorOf(const RangeValue& range, const Window& window) {
  if (range.edges == RangeEdges::kPlain) return 0;
  if (window.times.back() <= window.start) return std::nullopt;
  const auto inside = std::upper_bound(window.times.begin(), window.times.end(), window.start);
  return inside == window.times.begin() ? 0
                                        : static_cast<size_t>(inside - window.times.begin()) - 1;
}

}  // namespace luma::promql
