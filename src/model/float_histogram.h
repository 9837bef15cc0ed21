// Native histograms: observations counted in buckets whose bounds follow from a schema.
//
// Schemas -4..8: exponential buckets, 2^schema of them between two powers of two. Bucket i holds
// (2^((i-1)/2^schema), 2^(i/2^schema)], its mirror image for negative observations, and a zero
// bucket those of at most zero_threshold. Schema -53: bucket i holds (bounds[i-1], bounds[i]], from
// -Inf to +Inf; neither zero bucket nor negative buckets then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "model/compensated_sum.h"

namespace luma {

inline constexpr int32_t kExponentialSchemaMin = -4;
inline constexpr int32_t kExponentialSchemaMax = 8;
inline constexpr int32_t kCustomBoundsSchema = -53;

// What a counter did since the sample before. The numbers are those of the wire and of storage.
enum class ResetHint : uint8_t { kUnknown = 0, kReset = 1, kNotReset = 2, kGauge = 3 };

template <typename Number>
struct HistogramBucket {
  int32_t index = 0;
  Number count{};
  friend bool operator==(const HistogramBucket&, const HistogramBucket&) = default;
};

// Plain data. Invariants: (1) positive and negative ascend by index, each index once; (2) custom
// bounds ascend, are finite, and are empty for exponential schemas. Buckets that are not there are
// empty; those that are there may be empty too, until RemoveEmptyBuckets. Counts may be negative,
// fractional or not finite: PromQL calculates with them.
template <typename Number>
struct BasicHistogram {
  ResetHint hint = ResetHint::kUnknown;
  int32_t schema = 0;
  double zero_threshold = 0;
  Number zero_count{};
  Number count{};
  Number sum{};
  std::vector<HistogramBucket<Number>> positive;
  std::vector<HistogramBucket<Number>> negative;
  std::vector<double> custom_bounds;

  bool has_custom_bounds() const { return schema == kCustomBoundsSchema; }
};

using FloatHistogram = BasicHistogram<double>;
// Adds up histograms without losing small counts beside large ones.
using CompensatedHistogram = BasicHistogram<CompensatedSum>;
// Shared by all the values that are this histogram; never null inside a value that has one.
using HistogramPtr = std::shared_ptr<const FloatHistogram>;

// How adding or subtracting went.
struct HistogramCombination {
  bool compatible = true;          // false: one has custom bounds, the other not; nothing was done
  bool hints_collide = false;      // one says reset, the other that there was none
  bool bounds_reconciled = false;  // custom bounds differed; only the common ones are left
};

// Adds or subtracts all counts and the sum. The coarser of two schemas and a zero bucket that holds
// both win. The hint becomes gauge if either is, unknown if they differ otherwise.
template <typename Number>
HistogramCombination AddHistogram(BasicHistogram<Number>& to, const FloatHistogram& other);
HistogramCombination SubtractHistogram(FloatHistogram& from, const FloatHistogram& other);

// By a negative number it becomes a gauge. Division by zero leaves no buckets.
template <typename Number>
void MultiplyHistogram(BasicHistogram<Number>& histogram, double factor);
template <typename Number>
void DivideHistogram(BasicHistogram<Number>& histogram, double divisor);

CompensatedHistogram StartSum(const FloatHistogram& histogram);
FloatHistogram Total(const CompensatedHistogram& histogram);
bool HasOverflow(const CompensatedHistogram& histogram);

// Merges buckets; `schema` is exponential and not finer than that of the histogram.
void ReduceResolution(FloatHistogram& histogram, int32_t schema);
void RemoveEmptyBuckets(FloatHistogram& histogram);

// True when a counter must have started anew between the two: its hint says so, or says nothing and
// a count has decreased, or buckets became narrower.
bool IsCounterReset(const FloatHistogram& current, const FloatHistogram& previous);

// Makes the hints of a series' samples in order of time (null for those that are no histograms) say
// what comparing neighbours finds: reset or not. Unknown for the first one and behind a sample that
// cannot be compared with; gauges stay, and so does a reset that the sender has told of.
void FindResets(std::span<const std::shared_ptr<FloatHistogram>> samples);

// Bit for bit, but for the hints and for empty buckets.
bool AreSameHistograms(const FloatHistogram& a, const FloatHistogram& b);

// The upper bound of bucket `index` on the positive side.
double UpperBound(const FloatHistogram& histogram, int64_t index);

struct HistogramRange {
  double lower = 0;
  double upper = 0;
  bool includes_lower = false;
  bool includes_upper = false;
  double count = 0;
};
// All buckets that are not empty, ascending; the zero bucket too if its count is above zero.
// Neighbours of the zero bucket that reach into it begin where it ends.
std::vector<HistogramRange> RangesOf(const FloatHistogram& histogram);

// About what a histogram takes in memory.
size_t HistogramBytes(const FloatHistogram& histogram);

}  // namespace luma
