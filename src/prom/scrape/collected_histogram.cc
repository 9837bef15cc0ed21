#include "prom/scrape/collected_histogram.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <tuple>

namespace luma::prom {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool IsBad(double count) { return !(count >= 0 && count < kInfinity); }

bool IsInteger(double count) {
  constexpr double kExactMax = 0x1p53;  // up to there differences and sums of doubles are exact
  return count == std::floor(count) && count <= kExactMax;
}

}  // namespace

void CollectedHistogram::Clear() {
  buckets_.clear();
  count_.reset();
  sum_ = 0;
  has_bad_count_ = false;
}

bool CollectedHistogram::AddBucket(double bound, double count) {
  if (buckets_.size() == kBucketsMax) return false;
  has_bad_count_ |= IsBad(count);
  buckets_.push_back({.bound = bound, .count = count, .order = buckets_.size()});
  return true;
}

void CollectedHistogram::SetCount(double count) {
  has_bad_count_ |= IsBad(count);
  count_ = count;
}

bool CollectedHistogram::ToCustomBuckets(WireHistogram& to) {
  SortBuckets();
  if (!Complete() || !IsGood()) return false;
  to.schema = kCustomBoundsSchema;
  to.sum = sum_;
  to.is_float = !std::ranges::all_of(buckets_, IsInteger, &Bucket::count);
  if (to.is_float) {
    to.count_float = *count_;
  } else {
    to.count_int = static_cast<uint64_t>(*count_);
  }
  AppendBuckets(to);
  return true;
}

void CollectedHistogram::SortBuckets() {
  if (std::ranges::is_sorted(buckets_, std::less_equal<>(), &Bucket::bound)) return;
  std::ranges::sort(buckets_, [](const Bucket& a, const Bucket& b) {
    return std::tie(a.bound, a.order) < std::tie(b.bound, b.order);
  });
  const auto repeated = std::ranges::unique(buckets_, std::equal_to<>(), &Bucket::bound);
  buckets_.erase(repeated.begin(), repeated.end());
}

// Fills in the count or the last bucket where one of them is missing.
bool CollectedHistogram::Complete() {
  if (!count_ && buckets_.empty()) return false;
  if (!count_) count_ = buckets_.back().count;
  if (buckets_.empty() || buckets_.back().bound != kInfinity) {
    buckets_.push_back({.bound = kInfinity, .count = *count_, .order = buckets_.size()});
  }
  return true;
}

bool CollectedHistogram::IsGood() const {
  return !has_bad_count_ && buckets_.front().bound != -kInfinity &&
         std::ranges::is_sorted(buckets_, std::less<>(), &Bucket::count) &&
         buckets_.back().count == *count_;
}

// Every bound, the last one left out, and those buckets that have something in them.
void CollectedHistogram::AppendBuckets(WireHistogram& to) const {
  std::vector<int32_t> indexes;
  double below = 0;      // observations in the buckets before
  int64_t delta_of = 0;  // the count that the next difference is to
  for (size_t i = 0; i < buckets_.size(); ++i) {
    const Bucket& bucket = buckets_[i];
    if (bucket.bound != kInfinity) to.custom_values.push_back(bucket.bound);
    const double count = bucket.count - below;
    below = bucket.count;
    if (count == 0) continue;
    indexes.push_back(static_cast<int32_t>(i));
    if (to.is_float) {
      to.positive.counts.push_back(count);
    } else {
      const auto whole = static_cast<int64_t>(count);
      to.positive.deltas.push_back(whole - delta_of);
      delta_of = whole;
    }
  }
  to.positive.spans = SpansOf(indexes);
}

}  // namespace luma::prom
