#include "promql/histogram_sums.h"

#include <utility>

namespace luma::promql {
namespace {

bool AddTo(CompensatedHistogram& sum, const FloatHistogram& histogram, Annotations& annotations) {
  const HistogramCombination outcome = AddHistogram(sum, histogram);
  if (outcome.bounds_reconciled) InformAboutReconciledBounds(kHistogramAggregation, annotations);
  return outcome.compatible;
}

}  // namespace

bool HistogramSum::Add(const FloatHistogram& histogram, Annotations& annotations) {
  hints_.Look(histogram);
  if (sum_) return AddTo(*sum_, histogram, annotations);
  sum_ = StartSum(histogram);
  return true;
}

FloatHistogram HistogramSum::Take(Annotations& annotations) {
  hints_.Report(kHistogramAggregation, annotations);
  FloatHistogram sum = Total(*sum_);
  RemoveEmptyBuckets(sum);
  return sum;
}

bool HistogramMean::Add(const FloatHistogram& histogram, Annotations& annotations) {
  hints_.Look(histogram);
  ++count_;
  if (!state_) {
    state_ = StartSum(histogram);
    return true;
  }
  if (incremental_) return AddToMean(histogram, annotations);
  CompensatedHistogram sum = *state_;
  if (!AddTo(sum, histogram, annotations)) return false;
  if (!HasOverflow(sum)) {
    state_ = std::move(sum);
    return true;
  }
  incremental_ = true;
  DivideHistogram(*state_, count_ - 1);
  return AddToMean(histogram, annotations);
}

bool HistogramMean::AddToMean(const FloatHistogram& histogram, Annotations& annotations) {
  MultiplyHistogram(*state_, (count_ - 1) / count_);
  FloatHistogram share = histogram;
  DivideHistogram(share, count_);
  return AddTo(*state_, share, annotations);
}

FloatHistogram HistogramMean::Take(Annotations& annotations) {
  hints_.Report(kHistogramAggregation, annotations);
  if (!incremental_) DivideHistogram(*state_, count_);
  FloatHistogram mean = Total(*state_);
  RemoveEmptyBuckets(mean);
  return mean;
}

}  // namespace luma::promql
