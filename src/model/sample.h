// Float samples and the value that marks the end of a series.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

#include "base/clock.h"

namespace luma {

struct Sample {
  UnixMillis timestamp = 0;
  double value = 0;
};

// The NaN Prometheus writes when a series ends. Its payload sets it apart from an ordinary NaN, so
// it must be moved as bits: arithmetic on it need not keep the payload.
constexpr uint64_t kStaleNanBits = 0x7ff0000000000002;
inline const double kStaleNan = std::bit_cast<double>(kStaleNanBits);
inline bool IsStaleNan(double value) { return std::bit_cast<uint64_t>(value) == kStaleNanBits; }

// Both ends included.
struct TimeRange {
  UnixMillis min = std::numeric_limits<UnixMillis>::min();
  UnixMillis max = std::numeric_limits<UnixMillis>::max();
};

}  // namespace luma
