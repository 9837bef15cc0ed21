#include "model/float_histogram.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "base/check.h"
#include "model/sample.h"

namespace luma {
namespace {

constexpr size_t kSharedCountBytes = 16;  // of a HistogramPtr

constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <typename Number>
using Buckets = std::vector<HistogramBucket<Number>>;

void Increase(double& number, double by) { number += by; }
void Increase(CompensatedSum& number, double by) { number.Add(by); }
void Increase(double& number, const double& other, bool) { number += other; }
void Increase(CompensatedSum& number, const CompensatedSum& other, bool) {
  number.Add(other.sum);
  number.Add(other.compensation);
}

double ValueOf(double number) { return number; }
double ValueOf(const CompensatedSum& number) { return number.sum; }

template <typename Change>
void ChangeNumber(double& number, Change change) {
  number = change(number);
}
template <typename Change>
void ChangeNumber(CompensatedSum& number, Change change) {
  number.sum = change(number.sum);
  number.compensation = change(number.compensation);
}

// The bounds between 1 and 2 of the finest schema; every coarser one has some of them. Rounded
// from long double, so that bounds are the same doubles everywhere.
constexpr int kFinestBounds = 1 << kExponentialSchemaMax;
double FinestBound(int number) {
  static const std::array<double, kFinestBounds> bounds = [] {
    std::array<double, kFinestBounds> made{};
    for (int i = 0; i < kFinestBounds; ++i) {
      made[i] = static_cast<double>(std::exp2(static_cast<long double>(i) / kFinestBounds));
    }
    return made;
  }();
  return bounds[number];
}

// The largest number lies below the bound its bucket would have; that bound is the largest number,
// and the bucket behind it holds infinities alone.
double ExponentialBound(int64_t index, int32_t schema) {
  constexpr int64_t kExponentMax = 1024;
  int64_t exponent = 0;
  double fraction = 1;
  if (schema < 0) {
    exponent = index * (int64_t{1} << -schema);
  } else {
    exponent = index >> schema;
    const auto within = static_cast<int>(index & ((int64_t{1} << schema) - 1));
    fraction = FinestBound(within << (kExponentialSchemaMax - schema));
  }
  if (fraction == 1 && exponent == kExponentMax) return std::numeric_limits<double>::max();
  return std::ldexp(fraction, static_cast<int>(std::clamp<int64_t>(exponent, -3000, 3000)));
}

double CustomBound(int64_t index, std::span<const double> bounds) {
  if (index < 0) return -kInfinity;
  return static_cast<uint64_t>(index) >= bounds.size() ? kInfinity
                                                       : bounds[static_cast<size_t>(index)];
}

int32_t CoarserIndex(int32_t index, int32_t from, int32_t to) {
  return static_cast<int32_t>(((int64_t{index} - 1) >> (from - to)) + 1);
}

// Appends to buckets that come in ascending order, joining those of one index.
template <typename Number>
void AppendBucket(Buckets<Number>& buckets, int32_t index, const Number& count) {
  if (!buckets.empty() && buckets.back().index == index) {
    Increase(buckets.back().count, count, true);
  } else {
    buckets.push_back({index, count});
  }
}

template <typename Number>
Buckets<Number> AtResolution(const Buckets<Number>& buckets, int32_t from, int32_t to) {
  Buckets<Number> coarser;
  for (const auto& [index, count] : buckets) {
    AppendBucket(coarser, CoarserIndex(index, from, to), count);
  }
  return coarser;
}

template <typename Number>
bool HaveSameIndexes(const Buckets<Number>& a, const Buckets<double>& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) { return x.index == y.index; });
}

// Adds `sign` times the counts of `other` to those of `to`.
template <typename Number>
void MergeBuckets(Buckets<Number>& to, const Buckets<double>& other, double sign) {
  if (HaveSameIndexes(to, other)) {  // series of one metric mostly have the same
    for (size_t i = 0; i < to.size(); ++i) Increase(to[i].count, sign * other[i].count);
    return;
  }
  Buckets<Number> merged;
  merged.reserve(to.size() + other.size());
  size_t next = 0;
  for (const auto& [index, count] : other) {
    while (next < to.size() && to[next].index < index) merged.push_back(to[next++]);
    if (next < to.size() && to[next].index == index) {
      merged.push_back(to[next++]);
      Increase(merged.back().count, sign * count);
    } else {
      merged.push_back({index, Number{sign * count}});
    }
  }
  merged.insert(merged.end(), to.begin() + static_cast<ptrdiff_t>(next), to.end());
  to = std::move(merged);
}

template <typename Number>
double AbsoluteLower(const BasicHistogram<Number>& histogram, int32_t index) {
  return ExponentialBound(int64_t{index} - 1, histogram.schema);
}

// The zero bucket `histogram` would have if it reached to `threshold`, or a bit further, to the end
// of a populated bucket that the threshold would cut.
template <typename Number>
struct WiderZeroBucket {
  double threshold;
  Number count;

  // Buckets that lie inside the zero bucket already stay what they are while it does not grow.
  WiderZeroBucket(const BasicHistogram<Number>& histogram, double wanted)
      : threshold(wanted), count(histogram.zero_count) {
    if (wanted == histogram.zero_threshold) return;
    do {
      count = histogram.zero_count;
    } while (Takes(histogram, histogram.positive) || Takes(histogram, histogram.negative));
  }

 private:
  // True when the threshold had to be moved: everything is to be counted again.
  bool Takes(const BasicHistogram<Number>& histogram, const Buckets<Number>& buckets) {
    for (const auto& bucket : buckets) {
      if (AbsoluteLower(histogram, bucket.index) >= threshold) break;
      Increase(count, bucket.count, true);
      const double upper = ExponentialBound(bucket.index, histogram.schema);
      if (upper > threshold && ValueOf(bucket.count) != 0) {
        threshold = upper;
        return true;
      }
    }
    return false;
  }
};

template <typename Number>
void WidenZeroBucket(BasicHistogram<Number>& histogram, double wanted) {
  const WiderZeroBucket<Number> wider(histogram, wanted);
  histogram.zero_count = wider.count;
  histogram.zero_threshold = wider.threshold;
  const auto swallowed = [&](const HistogramBucket<Number>& bucket) {
    return AbsoluteLower(histogram, bucket.index) < wider.threshold;
  };
  std::erase_if(histogram.positive, swallowed);
  std::erase_if(histogram.negative, swallowed);
}

// Widens the zero bucket of `to` until it ends where that of `other` can end too; gives the count
// that of `other` has then.
template <typename Number>
double ReconcileZeroBuckets(BasicHistogram<Number>& to, const FloatHistogram& other) {
  double threshold = other.zero_threshold;
  double count = other.zero_count;
  while (threshold != to.zero_threshold) {
    if (to.zero_threshold > threshold) {
      const WiderZeroBucket<double> wider(other, to.zero_threshold);
      threshold = wider.threshold;
      count = wider.count;
    }
    if (threshold > to.zero_threshold) WidenZeroBucket(to, threshold);
  }
  return count;
}

// Buckets at another resolution, without those inside a zero bucket. Refers to `buckets` when
// nothing changes.
class AdaptedBuckets {
 public:
  AdaptedBuckets(const Buckets<double>& buckets, int32_t from, int32_t to, double threshold) {
    const auto swallowed = [&](const HistogramBucket<double>& bucket) {
      return ExponentialBound(bucket.index, to) <= threshold;
    };
    if (from == to && (buckets.empty() || !swallowed(buckets.front()))) {
      buckets_ = &buckets;
      return;
    }
    made_ = AtResolution(buckets, from, to);
    std::erase_if(made_, swallowed);
  }
  AdaptedBuckets(const AdaptedBuckets&) = delete;  // it may refer to itself
  const Buckets<double>& operator*() const { return *buckets_; }

 private:
  Buckets<double> made_;
  const Buckets<double>* buckets_ = &made_;
};

template <typename Number>
void CombineExponential(BasicHistogram<Number>& to, const FloatHistogram& other, double sign) {
  Increase(to.zero_count, sign * ReconcileZeroBuckets(to, other));
  if (other.schema < to.schema) {
    to.positive = AtResolution(to.positive, to.schema, other.schema);
    to.negative = AtResolution(to.negative, to.schema, other.schema);
    to.schema = other.schema;
  }
  const auto adapted = [&](const Buckets<double>& buckets) {
    return AdaptedBuckets(buckets, other.schema, to.schema, to.zero_threshold);
  };
  MergeBuckets(to.positive, *adapted(other.positive), sign);
  MergeBuckets(to.negative, *adapted(other.negative), sign);
}

std::vector<double> CommonBounds(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> common;
  std::ranges::set_intersection(a, b, std::back_inserter(common));
  return common;
}

// Buckets in terms of fewer bounds, each of which is one of the old ones.
template <typename Number>
Buckets<Number> WithBounds(const Buckets<Number>& buckets, std::span<const double> from,
                           std::span<const double> to) {
  Buckets<Number> result;
  for (const auto& [index, count] : buckets) {
    const double upper = CustomBound(index, from);
    const auto at = std::ranges::lower_bound(to, upper);
    AppendBucket(result, static_cast<int32_t>(at - to.begin()), count);
  }
  return result;
}

// Gives whether bounds differed.
template <typename Number>
bool CombineCustom(BasicHistogram<Number>& to, const FloatHistogram& other, double sign) {
  if (to.custom_bounds == other.custom_bounds) {
    MergeBuckets(to.positive, other.positive, sign);
    return false;
  }
  std::vector<double> common = CommonBounds(to.custom_bounds, other.custom_bounds);
  to.positive = WithBounds(to.positive, to.custom_bounds, common);
  MergeBuckets(to.positive, WithBounds(other.positive, other.custom_bounds, common), sign);
  to.custom_bounds = std::move(common);
  return true;
}

// Gives whether the hints contradict each other.
bool JoinHints(ResetHint& to, ResetHint other) {
  if (to == other) return false;
  if (to == ResetHint::kGauge || other == ResetHint::kGauge) {
    to = ResetHint::kGauge;
    return false;
  }
  const bool collide = to != ResetHint::kUnknown && other != ResetHint::kUnknown;
  to = ResetHint::kUnknown;
  return collide;
}

template <typename Number>
HistogramCombination Combine(BasicHistogram<Number>& to, const FloatHistogram& other, double sign) {
  HistogramCombination outcome;
  outcome.compatible = to.has_custom_bounds() == other.has_custom_bounds();
  if (!outcome.compatible) return outcome;
  outcome.hints_collide = JoinHints(to.hint, other.hint);
  Increase(to.count, sign * other.count);
  Increase(to.sum, sign * other.sum);
  if (to.has_custom_bounds()) {
    outcome.bounds_reconciled = CombineCustom(to, other, sign);
  } else {
    CombineExponential(to, other, sign);
  }
  return outcome;
}

template <typename Number, typename Change>
void ChangeCounts(BasicHistogram<Number>& histogram, Change change) {
  ChangeNumber(histogram.zero_count, change);
  ChangeNumber(histogram.count, change);
  ChangeNumber(histogram.sum, change);
  for (auto& bucket : histogram.positive) ChangeNumber(bucket.count, change);
  for (auto& bucket : histogram.negative) ChangeNumber(bucket.count, change);
}

// Whether a bucket of `previous` has become smaller or is gone.
bool HasLost(const Buckets<double>& current, const Buckets<double>& previous) {
  size_t next = 0;
  for (const auto& [index, count] : previous) {
    while (next < current.size() && current[next].index < index) ++next;
    const bool is_there = next < current.size() && current[next].index == index;
    if (is_there ? current[next].count < count : count != 0) return true;
  }
  return false;
}

bool HasLostCustom(const FloatHistogram& current, const FloatHistogram& previous) {
  if (current.custom_bounds == previous.custom_bounds) {
    return HasLost(current.positive, previous.positive);
  }
  const std::vector<double> common = CommonBounds(current.custom_bounds, previous.custom_bounds);
  return HasLost(WithBounds(current.positive, current.custom_bounds, common),
                 WithBounds(previous.positive, previous.custom_bounds, common));
}

bool HasLostExponential(const FloatHistogram& current, const FloatHistogram& previous) {
  // Buckets only become wider while a counter counts on.
  if (current.schema > previous.schema) return true;
  if (current.zero_threshold < previous.zero_threshold) return true;
  const WiderZeroBucket<double> zero(previous, current.zero_threshold);
  if (zero.threshold != current.zero_threshold || current.zero_count < zero.count) return true;
  const auto before = [&](const Buckets<double>& buckets) {
    return AdaptedBuckets(buckets, previous.schema, current.schema, current.zero_threshold);
  };
  return HasLost(current.positive, *before(previous.positive)) ||
         HasLost(current.negative, *before(previous.negative));
}

bool SameBits(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

bool SameBuckets(const Buckets<double>& a, const Buckets<double>& b) {
  size_t j = 0;
  for (const auto& [index, count] : a) {
    if (count == 0) continue;
    while (j < b.size() && b[j].count == 0) ++j;
    if (j == b.size() || b[j].index != index || !SameBits(b[j].count, count)) return false;
    ++j;
  }
  return std::all_of(b.begin() + static_cast<ptrdiff_t>(j), b.end(),
                     [](const auto& bucket) { return bucket.count == 0; });
}

HistogramRange PositiveRange(const FloatHistogram& histogram,
                             const HistogramBucket<double>& bucket) {
  if (histogram.has_custom_bounds()) {
    return {.lower = CustomBound(int64_t{bucket.index} - 1, histogram.custom_bounds),
            .upper = CustomBound(bucket.index, histogram.custom_bounds),
            .includes_lower = bucket.index == 0,
            .includes_upper = true,
            .count = bucket.count};
  }
  return {.lower = std::max(AbsoluteLower(histogram, bucket.index), histogram.zero_threshold),
          .upper = ExponentialBound(bucket.index, histogram.schema),
          .includes_upper = true,
          .count = bucket.count};
}

HistogramRange Mirrored(const HistogramRange& range) {
  return {.lower = -range.upper,
          .upper = -range.lower,
          .includes_lower = range.includes_upper,
          .includes_upper = range.includes_lower,
          .count = range.count};
}

}  // namespace

template <typename Number>
HistogramCombination AddHistogram(BasicHistogram<Number>& to, const FloatHistogram& other) {
  return Combine(to, other, 1);
}
template HistogramCombination AddHistogram(FloatHistogram&, const FloatHistogram&);
template HistogramCombination AddHistogram(CompensatedHistogram&, const FloatHistogram&);

HistogramCombination SubtractHistogram(FloatHistogram& from, const FloatHistogram& other) {
  return Combine(from, other, -1);
}

template <typename Number>
void MultiplyHistogram(BasicHistogram<Number>& histogram, double factor) {
  ChangeCounts(histogram, [factor](double number) { return number * factor; });
  if (factor < 0) histogram.hint = ResetHint::kGauge;
}
template void MultiplyHistogram(FloatHistogram&, double);
template void MultiplyHistogram(CompensatedHistogram&, double);

template <typename Number>
void DivideHistogram(BasicHistogram<Number>& histogram, double divisor) {
  if (divisor == 0) {
    histogram.positive.clear();
    histogram.negative.clear();
  }
  ChangeCounts(histogram, [divisor](double number) { return number / divisor; });
  if (divisor < 0) histogram.hint = ResetHint::kGauge;
}
template void DivideHistogram(FloatHistogram&, double);
template void DivideHistogram(CompensatedHistogram&, double);

CompensatedHistogram StartSum(const FloatHistogram& histogram) {
  const auto started = [](const Buckets<double>& buckets) {
    Buckets<CompensatedSum> result;
    result.reserve(buckets.size());
    for (const auto& [index, count] : buckets) result.push_back({index, {.sum = count}});
    return result;
  };
  return {.hint = histogram.hint,
          .schema = histogram.schema,
          .zero_threshold = histogram.zero_threshold,
          .zero_count = {.sum = histogram.zero_count},
          .count = {.sum = histogram.count},
          .sum = {.sum = histogram.sum},
          .positive = started(histogram.positive),
          .negative = started(histogram.negative),
          .custom_bounds = histogram.custom_bounds};
}

FloatHistogram Total(const CompensatedHistogram& histogram) {
  const auto totals = [](const Buckets<CompensatedSum>& buckets) {
    Buckets<double> result;
    result.reserve(buckets.size());
    for (const auto& [index, count] : buckets) result.push_back({index, count.total()});
    return result;
  };
  return {.hint = histogram.hint,
          .schema = histogram.schema,
          .zero_threshold = histogram.zero_threshold,
          .zero_count = histogram.zero_count.total(),
          .count = histogram.count.total(),
          .sum = histogram.sum.total(),
          .positive = totals(histogram.positive),
          .negative = totals(histogram.negative),
          .custom_bounds = histogram.custom_bounds};
}

bool HasOverflow(const CompensatedHistogram& histogram) {
  const auto infinite = [](const Buckets<CompensatedSum>& buckets) {
    return std::ranges::any_of(buckets,
                               [](const auto& bucket) { return std::isinf(bucket.count.sum); });
  };
  return std::isinf(histogram.zero_count.sum) || std::isinf(histogram.count.sum) ||
         std::isinf(histogram.sum.sum) || infinite(histogram.positive) ||
         infinite(histogram.negative);
}

void ReduceResolution(FloatHistogram& histogram, int32_t schema) {
  LUMA_CHECK(!histogram.has_custom_bounds() && schema <= histogram.schema);
  histogram.positive = AtResolution(histogram.positive, histogram.schema, schema);
  histogram.negative = AtResolution(histogram.negative, histogram.schema, schema);
  histogram.schema = schema;
}

void RemoveEmptyBuckets(FloatHistogram& histogram) {
  const auto is_empty = [](const HistogramBucket<double>& bucket) { return bucket.count == 0; };
  std::erase_if(histogram.positive, is_empty);
  std::erase_if(histogram.negative, is_empty);
}

bool IsCounterReset(const FloatHistogram& current, const FloatHistogram& previous) {
  if (current.hint == ResetHint::kReset) return true;
  if (current.hint == ResetHint::kNotReset) return false;
  if (current.count < previous.count) return true;
  if (current.has_custom_bounds() != previous.has_custom_bounds()) return true;
  return current.has_custom_bounds() ? HasLostCustom(current, previous)
                                     : HasLostExponential(current, previous);
}

void FindResets(std::span<const std::shared_ptr<FloatHistogram>> samples) {
  const FloatHistogram* before = nullptr;
  for (const std::shared_ptr<FloatHistogram>& sample : samples) {
    const FloatHistogram* const previous = std::exchange(before, nullptr);
    if (sample == nullptr || sample->hint == ResetHint::kGauge || IsStaleNan(sample->sum)) continue;
    before = sample.get();
    const bool was_told = sample->hint == ResetHint::kReset;
    sample->hint = ResetHint::kUnknown;
    if (was_told || (previous != nullptr && IsCounterReset(*sample, *previous))) {
      sample->hint = ResetHint::kReset;
    } else if (previous != nullptr) {
      sample->hint = ResetHint::kNotReset;
    }
  }
}

bool AreSameHistograms(const FloatHistogram& a, const FloatHistogram& b) {
  return a.schema == b.schema && a.zero_threshold == b.zero_threshold &&
         SameBits(a.zero_count, b.zero_count) && SameBits(a.count, b.count) &&
         SameBits(a.sum, b.sum) && a.custom_bounds == b.custom_bounds &&
         SameBuckets(a.positive, b.positive) && SameBuckets(a.negative, b.negative);
}

double UpperBound(const FloatHistogram& histogram, int64_t index) {
  return histogram.has_custom_bounds() ? CustomBound(index, histogram.custom_bounds)
                                       : ExponentialBound(index, histogram.schema);
}

std::vector<HistogramRange> RangesOf(const FloatHistogram& histogram) {
  std::vector<HistogramRange> ranges;
  ranges.reserve(histogram.positive.size() + histogram.negative.size() + 1);
  for (size_t i = histogram.negative.size(); i-- > 0;) {
    if (histogram.negative[i].count == 0) continue;
    ranges.push_back(Mirrored(PositiveRange(histogram, histogram.negative[i])));
  }
  if (histogram.zero_count != 0) {
    ranges.push_back({.lower = -histogram.zero_threshold,
                      .upper = histogram.zero_threshold,
                      .includes_lower = true,
                      .includes_upper = true,
                      .count = histogram.zero_count});
  }
  for (const HistogramBucket<double>& bucket : histogram.positive) {
    if (bucket.count != 0) ranges.push_back(PositiveRange(histogram, bucket));
  }
  return ranges;
}

size_t HistogramBytes(const FloatHistogram& histogram) {
  return kSharedCountBytes + sizeof(FloatHistogram) +
         (histogram.positive.capacity() + histogram.negative.capacity()) *
             sizeof(HistogramBucket<double>) +
         histogram.custom_bounds.capacity() * sizeof(double);
}

}  // namespace luma
