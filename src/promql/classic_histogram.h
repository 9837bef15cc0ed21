// Histograms whose buckets are series with a label "le".
#pragma once

#include <vector>

namespace luma::promql {

struct Bucket {
  double upper_bound = 0;
  double count = 0;  // of all observations up to the bound
};

struct QuantileEstimate {
  double value = 0;
  bool forced_monotonic = false;  // counts decreased from one bucket to the next and were raised
};

// Both take buckets ascending by bound, at least one, and may change them. NaN without a +Inf
// bucket or without observations.

// The value below which the share `q` of observations lies, on a line inside its bucket.
QuantileEstimate BucketQuantile(double q, std::vector<Bucket>& buckets);

// The share of observations between `lower` and `upper`.
double BucketFraction(double lower, double upper, std::vector<Bucket>& buckets);

}  // namespace luma::promql
