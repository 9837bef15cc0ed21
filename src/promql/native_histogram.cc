#include "promql/native_histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "model/compensated_sum.h"

namespace luma::promql {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

bool IsEmpty(const std::vector<HistogramBucket<double>>& buckets) {
  return std::ranges::all_of(buckets, [](const auto& bucket) { return bucket.count == 0; });
}

// A histogram whose observations are all on one side of zero has its zero bucket on that side.
HistogramRange OnOneSide(HistogramRange range, const FloatHistogram& histogram) {
  const bool has_negative = !IsEmpty(histogram.negative);
  const bool has_positive = !IsEmpty(histogram.positive);
  if (has_positive && !has_negative) range.lower = 0;
  if (has_negative && !has_positive) range.upper = 0;
  return range;
}

// Estimates, as Prometheus makes them, know no zero bucket of less than none.
std::vector<HistogramRange> RangesToEstimate(const FloatHistogram& histogram) {
  std::vector<HistogramRange> ranges = RangesOf(histogram);
  if (histogram.zero_count < 0) {
    std::erase_if(ranges, [](const HistogramRange& r) { return r.lower <= 0 && r.upper >= 0; });
  }
  return ranges;
}

bool HoldsZero(const HistogramRange& range) { return range.lower <= 0 && range.upper >= 0; }

// The share of a finite bucket's width that lies below a value inside it.
double FractionBelow(const HistogramRange& range, double value, bool linear) {
  if (linear) return (value - range.lower) / (range.upper - range.lower);
  const double lower = std::log2(std::fabs(range.lower));
  const double upper = std::log2(std::fabs(range.upper));
  const double at = std::log2(std::fabs(value));
  return value > 0 ? (at - lower) / (upper - lower) : 1 - (at - upper) / (lower - upper);
}

double ValueAt(const HistogramRange& range, double fraction, bool linear) {
  if (linear) return range.lower + (range.upper - range.lower) * fraction;
  const double lower = std::log2(std::fabs(range.lower));
  const double upper = std::log2(std::fabs(range.upper));
  if (range.lower > 0) return std::exp2(lower + (upper - lower) * fraction);
  return -std::exp2(upper + (lower - upper) * (1 - fraction));
}

// The bucket an observation of some rank lies in, counted from below or from above.
struct RankedBucket {
  HistogramRange range;
  double count = 0;  // of all observations up to this bucket's end
};

template <typename Iterator>
RankedBucket FindRank(Iterator begin, Iterator end, double rank) {
  RankedBucket found;
  for (; begin != end; ++begin) {
    found.range = *begin;
    found.count += begin->count;
    if (found.count >= rank) break;
  }
  return found;
}

double CountOf(const std::vector<HistogramRange>& ranges) {
  double count = 0;
  for (const HistogramRange& range : ranges) count += range.count;
  return count;
}

}  // namespace

NativeEstimate NativeQuantile(double q, const FloatHistogram& histogram) {
  if (q < 0) return {-HUGE_VAL};
  if (q > 1) return {HUGE_VAL};
  if (histogram.count == 0 || std::isnan(q)) return {kNan};
  const std::vector<HistogramRange> ranges = RangesToEstimate(histogram);
  const bool has_nan = std::isnan(histogram.sum);
  const bool forward = has_nan || q < 0.5;
  double rank = (forward ? q : 1 - q) * histogram.count;
  auto [range, count] = forward ? FindRank(ranges.begin(), ranges.end(), rank)
                                : FindRank(ranges.rbegin(), ranges.rend(), rank);
  const bool custom = histogram.has_custom_bounds();
  if (custom && range.lower == -HUGE_VAL) {
    if (range.upper <= 0) return {range.upper};
    range.lower = 0;
  } else if (custom && range.upper == HUGE_VAL) {
    return {range.lower};
  } else if (!custom && range.lower < 0 && range.upper > 0) {
    range = OnOneSide(range, histogram);
  }
  count = std::min(count, histogram.count);  // rounding may have made it more
  if (count < rank) {
    return has_nan ? NativeEstimate{kNan, NanEffect::kOnlyNan} : NativeEstimate{range.upper};
  }
  rank = forward ? rank - (count - range.count) : count - rank;
  const bool skewed = has_nan && CountOf(ranges) < histogram.count;
  return {ValueAt(range, rank / range.count, custom || HoldsZero(range)),
          skewed ? NanEffect::kSkewed : NanEffect::kNone};
}

namespace {

// The number of observations up to `value`.
class RankSearch {
 public:
  RankSearch(double value, const FloatHistogram& histogram)
      : value_(value), custom_(histogram.has_custom_bounds()) {}

  // Of the next range, before which there are `before` observations.
  void Look(const HistogramRange& range, double before) {
    if (rank_) return;
    if (range.lower >= value_) {
      rank_ = before;
    } else if (range.upper > value_) {
      // Nothing is known about where in an unbounded bucket its observations are.
      rank_ =
          range.lower == -HUGE_VAL
              ? range.count
              : before + range.count * FractionBelow(range, value_, custom_ || HoldsZero(range));
    }
  }
  double rank(double count) const { return rank_ && *rank_ <= count ? *rank_ : count; }

 private:
  const double value_;
  const bool custom_;
  std::optional<double> rank_;
};

}  // namespace

NativeEstimate NativeFraction(double lower, double upper, const FloatHistogram& histogram) {
  if (histogram.count == 0 || std::isnan(lower) || std::isnan(upper)) return {kNan};
  if (lower >= upper) return {0};
  const std::vector<HistogramRange> ranges = RangesToEstimate(histogram);
  RankSearch lower_search(lower, histogram);
  RankSearch upper_search(upper, histogram);
  double before = 0;
  for (HistogramRange range : ranges) {
    if (HoldsZero(range)) range = OnOneSide(range, histogram);
    lower_search.Look(range, before);
    upper_search.Look(range, before);
    before += range.count;
  }
  const bool has_nan = std::isnan(histogram.sum);
  const double count = has_nan ? before : histogram.count;
  return {(upper_search.rank(count) - lower_search.rank(count)) / histogram.count,
          has_nan && count < histogram.count ? NanEffect::kSkewed : NanEffect::kNone};
}

double NativeVariance(const FloatHistogram& histogram) {
  const double mean = histogram.sum / histogram.count;
  CompensatedSum variance;
  for (const HistogramRange& range : RangesToEstimate(histogram)) {
    double value = 0;  // in the zero bucket
    if (histogram.has_custom_bounds()) {
      value = (range.upper + range.lower) / 2;
    } else if (!HoldsZero(range)) {
      value = std::copysign(std::sqrt(range.upper * range.lower), range.upper);
    }
    const double delta = value - mean;
    variance.Add(range.count * delta * delta);
  }
  return variance.total() / histogram.count;
}

namespace {

// Where the observations between two bounds are thought to be.
double Middle(double lower, double upper, bool custom) {
  if (std::isinf(lower)) {
    if (std::isinf(upper)) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (std::isinf(upper)) return lower;
  if (custom) return (lower + upper) / 2;
  const double mean = std::sqrt(std::fabs(lower * upper));
  return upper > 0 ? mean : -mean;
}

struct Remainder {
  double count = 0;
  double middle = 0;
};

double ZeroIfInfinite(double value) { return std::isinf(value) ? 0 : value; }

// Of a bucket without a lower bound, which only custom bounds make. Below a positive upper bound
// its observations are thought to begin at 0; otherwise nothing is known about where they are.
Remainder OfUnboundedBelow(const HistogramRange& range, double bound, TrimSide side) {
  const bool from_zero = range.upper > 0 && !std::isinf(range.upper);
  if (side == TrimSide::kUpper) {
    if (bound >= range.upper) return {range.count, 0};
    if (bound > 0 && from_zero) return {range.count * bound / range.upper, bound / 2};
    if (range.upper <= 0) return {range.count, bound};
    return {0, ZeroIfInfinite(range.upper)};
  }
  if (bound <= range.lower) return {range.count, 0};
  if (bound >= 0 && from_zero && range.upper > bound) {
    return {range.count * (1 - bound / range.upper), (bound + range.upper) / 2};
  }
  return {0, ZeroIfInfinite(range.upper)};
}

Remainder OfUnboundedAbove(const HistogramRange& range, double bound, TrimSide side) {
  if (side == TrimSide::kLower && bound >= range.lower) return {range.count, bound};
  return {0, ZeroIfInfinite(range.lower)};
}

// What is left of a bucket that the bound cuts.
Remainder OfCut(const HistogramRange& range, double bound, TrimSide side, bool custom) {
  if (std::isinf(range.lower)) return OfUnboundedBelow(range, bound, side);
  if (std::isinf(range.upper)) return OfUnboundedAbove(range, bound, side);
  const double below = range.count * FractionBelow(range, bound, custom);
  if (side == TrimSide::kUpper) return {below, Middle(range.lower, bound, custom)};
  return {range.count - below, Middle(bound, range.upper, custom)};
}

Remainder OfBucket(const HistogramRange& range, double bound, TrimSide side, bool custom) {
  const bool is_upper = side == TrimSide::kUpper;
  if (is_upper ? range.upper <= bound : range.lower >= bound) {
    return {range.count, Middle(range.lower, range.upper, custom)};
  }
  if (is_upper ? range.lower < bound : range.upper > bound) {
    return OfCut(range, bound, side, custom);
  }
  return {};
}

Remainder OfZeroBucket(const HistogramRange& range, double bound, TrimSide side) {
  const Remainder whole{range.count, (range.lower + range.upper) / 2};
  const bool is_upper = side == TrimSide::kUpper;
  if (bound <= range.lower) return is_upper ? Remainder{} : whole;
  if (bound >= range.upper) return is_upper ? whole : Remainder{};
  const double width = range.upper - range.lower;
  return is_upper
             ? Remainder{range.count * (bound - range.lower) / width, (range.lower + bound) / 2}
             : Remainder{range.count * (range.upper - bound) / width, (bound + range.upper) / 2};
}

// Cuts bucket after bucket and adds up what is left.
class Trimmer {
 public:
  Trimmer(FloatHistogram& histogram, double bound, TrimSide side)
      : histogram_(histogram), bound_(bound), side_(side) {}

  void Run() {
    const HistogramRange zero = OnOneSide({.lower = -histogram_.zero_threshold,
                                           .upper = histogram_.zero_threshold,
                                           .count = histogram_.zero_count},
                                          histogram_);
    TrimSideOf(histogram_.positive, 1);
    TrimSideOf(histogram_.negative, -1);
    if (zero.count > 0) Keep(histogram_.zero_count, OfZeroBucket(zero, bound_, side_));
    if (!changed_) return;
    histogram_.count = count_;
    histogram_.sum = sum_;
    RemoveEmptyBuckets(histogram_);
  }

 private:
  void TrimSideOf(std::vector<HistogramBucket<double>>& buckets, double sign) {
    for (auto& bucket : buckets) {
      if (bucket.count == 0) continue;
      const double near = UpperBound(histogram_, int64_t{bucket.index} - 1);
      const double far = UpperBound(histogram_, bucket.index);
      const HistogramRange range{
          .lower = sign > 0 ? near : -far, .upper = sign > 0 ? far : -near, .count = bucket.count};
      Keep(bucket.count, OfBucket(range, bound_, side_, histogram_.has_custom_bounds()));
    }
  }
  void Keep(double& count, const Remainder& remainder) {
    changed_ = changed_ || count != remainder.count;
    count = remainder.count;
    count_ += remainder.count;
    sum_ += remainder.middle * remainder.count;
  }

  FloatHistogram& histogram_;
  const double bound_;
  const TrimSide side_;
  double count_ = 0;
  double sum_ = 0;
  bool changed_ = false;
};

}  // namespace

FloatHistogram Trimmed(FloatHistogram histogram, double bound, TrimSide side) {
  Trimmer(histogram, bound, side).Run();
  return histogram;
}

}  // namespace luma::promql
