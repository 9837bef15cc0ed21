// How fast samples change: rate(), increase(), delta(), irate(), idelta(), changes(), resets().
#pragma once

#include <optional>
#include <span>

#include "promql/range_functions.h"

namespace luma::promql {

std::span<const RangeFunction> RateFunctions();

// Samples of a window, as far as extrapolation needs them: two or more, or one that began inside.
struct RateSamples {
  UnixMillis start = 0;  // of the window
  UnixMillis end = 0;
  UnixMillis first_time = 0;
  UnixMillis last_time = 0;
  uint64_t samples = 0;
  double first = 0;
  std::optional<UnixMillis> began{};  // at zero, inside the window
};
// How much longer the window is than the time its samples cover: 1 when they reach both edges. A
// series that begins or ends inside the window is assumed to reach half an interval beyond its
// samples, and a counter not to begin below zero. One that is known to have begun inside the window
// covers it from there on.
double Extrapolation(const RateSamples& samples, double increase, bool is_counter);

// The same for one window after the other. Most lie about their samples as the one before did, and
// then the divisions that only depend on times are not done again. Thread-compatible.
class Extrapolator {
 public:
  double Of(const RateSamples& samples, double increase, bool is_counter);

 private:
  // How the samples lie in the window, in milliseconds.
  struct Times {
    int64_t covered = 0;
    int64_t to_start = 0;
    int64_t to_end = 0;
    uint64_t samples = 0;
    bool operator==(const Times&) const = default;
  };

  Times times_;  // of the last window
  // For those, in seconds: the time between the first and the last sample, and how far the series
  // is taken to reach beyond them.
  double covered_ = 0;
  double before_ = 0;
  double after_ = 0;
};

}  // namespace luma::promql
