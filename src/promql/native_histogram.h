// What a native histogram says about its observations.
#pragma once

#include "model/float_histogram.h"

namespace luma::promql {

// Observations that are NaN are counted, but lie in no bucket.
enum class NanEffect : uint8_t { kNone, kSkewed, kOnlyNan };

struct NativeEstimate {
  double value = 0;
  NanEffect nan = NanEffect::kNone;
};

// The value below which the share `q` of observations lies: on a line inside a bucket with custom
// bounds and in the zero bucket, on an exponential curve elsewhere. NaN without observations.
NativeEstimate NativeQuantile(double q, const FloatHistogram& histogram);

// The share of observations between `lower` and `upper`, estimated in the same way; kSkewed when
// some are NaN, which belong to no share.
NativeEstimate NativeFraction(double lower, double upper, const FloatHistogram& histogram);

// Each observation stands in the middle of its bucket.
double NativeVariance(const FloatHistogram& histogram);

// Without the observations above (or below) a bound. One that lies in a bucket cuts it where
// NativeQuantile would; the sum becomes an estimate.
enum class TrimSide : uint8_t { kUpper, kLower };
FloatHistogram Trimmed(FloatHistogram histogram, double bound, TrimSide side);

}  // namespace luma::promql
