#include "promql/classic_histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace luma::promql {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Relative difference up to which two counts are the same and rounding is to blame: Prometheus'
// value.
constexpr double kTolerance = 1e-12;

bool AlmostEqual(double a, double b) {
  if (a == b) return true;
  const double sum = std::fabs(a) + std::fabs(b);
  const double difference = std::fabs(a - b);
  if (a == 0 || b == 0 || sum < std::numeric_limits<double>::min()) {
    return difference < kTolerance * std::numeric_limits<double>::min();
  }
  return difference / std::min(sum, std::numeric_limits<double>::max()) < kTolerance;
}

// Adds up buckets that different spellings of one bound have made.
void Coalesce(std::vector<Bucket>& buckets) {
  size_t last = 0;
  for (size_t i = 1; i < buckets.size(); ++i) {
    if (buckets[i].upper_bound == buckets[last].upper_bound) {
      buckets[last].count += buckets[i].count;
    } else {
      buckets[++last] = buckets[i];
    }
  }
  buckets.resize(last + 1);
}

// Buckets are scraped one after another and may disagree; true when one had to be raised by more
// than rounding explains.
bool ForceMonotonic(std::vector<Bucket>& buckets) {
  bool forced = false;
  double before = buckets[0].count;
  for (size_t i = 1; i < buckets.size(); ++i) {
    double& count = buckets[i].count;
    if (count == before) continue;
    if (AlmostEqual(before, count)) {
      count = before;
    } else if (count < before) {
      count = before;
      forced = true;
    } else {
      before = count;
    }
  }
  return forced;
}

double QuantileOf(double q, const std::vector<Bucket>& buckets) {
  const double observations = buckets.back().count;
  if (buckets.size() < 2 || observations == 0 || std::isnan(observations)) return kNan;
  double rank = q * observations;
  const auto at = std::partition_point(buckets.begin(), buckets.end() - 1,
                                       [&](const Bucket& b) { return !(b.count >= rank); });
  if (at == buckets.end() - 1) return buckets[buckets.size() - 2].upper_bound;
  if (at == buckets.begin() && at->upper_bound <= 0) return at->upper_bound;
  double start = 0;
  double count = at->count;
  if (at != buckets.begin()) {
    start = (at - 1)->upper_bound;
    count -= (at - 1)->count;
    rank -= (at - 1)->count;
  }
  return start + (at->upper_bound - start) * (rank / count);
}

// The number of observations up to `value`; those in a bucket are spread evenly. The first bucket
// starts at 0, or has no start when it ends below.
double RankOf(double value, const std::vector<Bucket>& buckets) {
  double rank = 0;
  for (size_t i = 0; i < buckets.size(); ++i) {
    const Bucket& bucket = buckets[i];
    double start = i > 0 ? buckets[i - 1].upper_bound : -HUGE_VAL;
    if (i == 0 && bucket.upper_bound > 0) start = 0;
    if (start >= value) return rank;
    if (bucket.upper_bound > value) {
      if (std::isinf(start)) return rank;
      return rank + (bucket.count - rank) * (value - start) / (bucket.upper_bound - start);
    }
    rank = bucket.count;
  }
  return buckets.back().count;
}

}  // namespace

QuantileEstimate BucketQuantile(double q, std::vector<Bucket>& buckets) {
  if (std::isnan(q)) return {.value = kNan};
  if (q < 0) return {.value = -HUGE_VAL};
  if (q > 1) return {.value = HUGE_VAL};
  if (buckets.back().upper_bound != HUGE_VAL) return {.value = kNan};
  Coalesce(buckets);
  const bool forced = ForceMonotonic(buckets);
  return {.value = QuantileOf(q, buckets), .forced_monotonic = forced};
}

double BucketFraction(double lower, double upper, std::vector<Bucket>& buckets) {
  if (buckets.back().upper_bound != HUGE_VAL) return kNan;
  Coalesce(buckets);
  const double count = buckets.back().count;
  if (count == 0 || std::isnan(count) || std::isnan(lower) || std::isnan(upper)) return kNan;
  if (lower >= upper) return 0;
  const double below = std::min(RankOf(lower, buckets), count);
  const double above = std::min(RankOf(upper, buckets), count);
  return (above - below) / count;
}

}  // namespace luma::promql
