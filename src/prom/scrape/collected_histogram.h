// A classic histogram, put together from its series, as a native one with custom buckets.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "prom/wire_histogram.h"

namespace luma::prom {

// By the rules of Prometheus 3 (convert_classic_histograms_to_nhcb). Thread-compatible.
class CollectedHistogram {
 public:
  // About as many as a histogram of remote write can have.
  static constexpr size_t kBucketsMax = 8'000;

  void Clear();
  // `count` is of all observations up to `bound`, which is no NaN. Of several buckets with one
  // bound the first counts. False when there are too many buckets: it is not added.
  bool AddBucket(double bound, double count);
  void SetCount(double count);
  void SetSum(double sum) { sum_ = sum; }

  // Sets schema, counts, sum and buckets of `to`, which is empty otherwise: integers if all counts
  // are. Without a count that of the last bucket counts; without a bucket for +Inf the count is
  // its. False for what is no histogram: neither count nor buckets, counts that are negative, not
  // finite or fall from one bucket to the next, a count that is not that of +Inf, a bound of -Inf.
  bool ToCustomBuckets(WireHistogram& to);

 private:
  struct Bucket {
    double bound;
    double count;  // cumulative
    size_t order;  // in which it came
  };
  void SortBuckets();
  bool Complete();
  bool IsGood() const;
  void AppendBuckets(WireHistogram& to) const;

  std::vector<Bucket> buckets_;
  std::optional<double> count_;
  double sum_ = 0;
  bool has_bad_count_ = false;
};

}  // namespace luma::prom
