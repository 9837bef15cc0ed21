// How fast native histograms change: rate(), increase(), delta(), irate(), idelta(), changes(),
// resets().
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "promql/extended_rate.h"
#include "promql/range_functions.h"

namespace luma::promql {

std::span<const HistogramFunction> HistogramRateFunctions();

// Over an anchored or smoothed range that holds histograms alone; none when nothing lies inside it
// or the histograms do not fit each other.
std::optional<FloatHistogram> ExtendedHistogramRate(const RangeCall& call, const Window& window,
                                                    RateKind kind, std::string_view metric,
                                                    Annotations& annotations);

// On the line between two histograms; a counter that was reset between them starts at nothing.
// None when one has custom bounds and the other not.
struct TimedHistogram {
  UnixMillis time = 0;
  const FloatHistogram* histogram = nullptr;
};
std::optional<FloatHistogram> Interpolate(const TimedHistogram& before, const TimedHistogram& after,
                                          UnixMillis time, bool is_counter,
                                          Annotations& annotations);

}  // namespace luma::promql
