#include "model/float_histogram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace luma {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Buckets = std::vector<HistogramBucket<double>>;

MATCHER_P2(Holds, index, count, "") { return arg.index == index && arg.count == count; }

FloatHistogram Exponential(int32_t schema, Buckets positive) {
  FloatHistogram histogram;
  histogram.schema = schema;
  histogram.positive = std::move(positive);
  for (const auto& bucket : histogram.positive) histogram.count += bucket.count;
  histogram.sum = histogram.count;
  return histogram;
}
FloatHistogram Custom(std::vector<double> bounds, Buckets positive) {
  FloatHistogram histogram = Exponential(kCustomBoundsSchema, std::move(positive));
  histogram.custom_bounds = std::move(bounds);
  return histogram;
}

TEST(FloatHistogramTest, BoundsArePowersOfTwoAndTheirRoots) {
  EXPECT_EQ(UpperBound(Exponential(0, {}), 0), 1);
  EXPECT_EQ(UpperBound(Exponential(0, {}), 3), 8);
  EXPECT_EQ(UpperBound(Exponential(0, {}), -2), 0.25);
  EXPECT_EQ(UpperBound(Exponential(1, {}), 1), std::sqrt(2.0));
  EXPECT_EQ(UpperBound(Exponential(-4, {}), 1), 65536);
  EXPECT_EQ(UpperBound(Exponential(0, {}), 1024), std::numeric_limits<double>::max());
  EXPECT_EQ(UpperBound(Exponential(0, {}), 1025), HUGE_VAL);
  EXPECT_EQ(UpperBound(Exponential(8, {}), std::numeric_limits<int32_t>::max()), HUGE_VAL);
  EXPECT_EQ(UpperBound(Exponential(-4, {}), std::numeric_limits<int32_t>::min()), 0);
}

TEST(FloatHistogramTest, AddingJoinsBucketsAndCounts) {
  FloatHistogram sum = Exponential(0, {{0, 1}, {2, 3}});
  EXPECT_TRUE(AddHistogram(sum, Exponential(0, {{-1, 4}, {2, 1}, {3, 7}})).compatible);
  EXPECT_THAT(sum.positive, ElementsAre(Holds(-1, 4), Holds(0, 1), Holds(2, 4), Holds(3, 7)));
  EXPECT_EQ(sum.count, 16);
  EXPECT_EQ(sum.sum, 16);
}

TEST(FloatHistogramTest, TheCoarserSchemaWins) {
  FloatHistogram fine = Exponential(1, {{1, 1}, {2, 2}, {3, 4}});  // (1, 1.41], (1.41, 2], (2, 2.8]
  const FloatHistogram coarse = Exponential(0, {{1, 10}});         // (1, 2]
  FloatHistogram sum = coarse;
  AddHistogram(sum, fine);
  EXPECT_EQ(sum.schema, 0);
  EXPECT_THAT(sum.positive, ElementsAre(Holds(1, 13), Holds(2, 4)));
  AddHistogram(fine, coarse);
  EXPECT_TRUE(AreSameHistograms(fine, sum));
}

TEST(FloatHistogramTest, TheWiderZeroBucketSwallowsBuckets) {
  FloatHistogram narrow = Exponential(0, {{-1, 1}, {0, 2}, {1, 4}});  // up to 0.5, 1, 2
  narrow.negative = {{0, 8}};
  FloatHistogram wide = Exponential(0, {{1, 1}});
  wide.zero_threshold = 0.7;  // cuts the populated bucket (0.5, 1]
  wide.zero_count = 16;
  AddHistogram(wide, narrow);
  EXPECT_EQ(wide.zero_threshold, 1);
  EXPECT_EQ(wide.zero_count, 16 + 1 + 2 + 8);
  EXPECT_THAT(wide.positive, ElementsAre(Holds(1, 5)));
  EXPECT_THAT(wide.negative, IsEmpty());
}

TEST(FloatHistogramTest, OnlyCommonCustomBoundsAreLeft) {
  FloatHistogram sum = Custom({1, 2, 3}, {{0, 1}, {1, 2}, {2, 4}, {3, 8}});
  const HistogramCombination outcome = AddHistogram(sum, Custom({2, 5}, {{0, 10}, {1, 20}}));
  EXPECT_TRUE(outcome.bounds_reconciled);
  EXPECT_THAT(sum.custom_bounds, ElementsAre(2));
  EXPECT_THAT(sum.positive, ElementsAre(Holds(0, 13), Holds(1, 32)));
}

TEST(FloatHistogramTest, ExponentialAndCustomDoNotMix) {
  FloatHistogram sum = Exponential(0, {{0, 1}});
  EXPECT_FALSE(AddHistogram(sum, Custom({1}, {{0, 1}})).compatible);
  EXPECT_EQ(sum.count, 1);
}

TEST(FloatHistogramTest, HintsOfASum) {
  const auto joined = [](ResetHint a, ResetHint b, bool collide) {
    FloatHistogram sum;
    FloatHistogram other;
    sum.hint = a;
    other.hint = b;
    EXPECT_EQ(AddHistogram(sum, other).hints_collide, collide);
    return sum.hint;
  };
  using enum ResetHint;
  EXPECT_EQ(joined(kNotReset, kNotReset, false), kNotReset);
  EXPECT_EQ(joined(kNotReset, kGauge, false), kGauge);
  EXPECT_EQ(joined(kUnknown, kGauge, false), kGauge);
  EXPECT_EQ(joined(kNotReset, kUnknown, false), kUnknown);
  EXPECT_EQ(joined(kReset, kNotReset, true), kUnknown);
}

TEST(FloatHistogramTest, SubtractingWhatWasAddedLeavesNothing) {
  const FloatHistogram other = Exponential(0, {{-1, 4}, {2, 1}});
  FloatHistogram rest = Exponential(0, {{2, 3}});
  AddHistogram(rest, other);
  SubtractHistogram(rest, other);
  RemoveEmptyBuckets(rest);
  EXPECT_THAT(rest.positive, ElementsAre(Holds(2, 3)));
  EXPECT_EQ(rest.count, 3);
}

TEST(FloatHistogramTest, NegativeFactorsMakeGaugesAndZeroDivisorsInfinities) {
  FloatHistogram histogram = Exponential(0, {{0, 2}});
  MultiplyHistogram(histogram, -1.5);
  EXPECT_EQ(histogram.hint, ResetHint::kGauge);
  EXPECT_THAT(histogram.positive, ElementsAre(Holds(0, -3)));
  DivideHistogram(histogram, 0);
  EXPECT_EQ(histogram.count, -HUGE_VAL);
  EXPECT_THAT(histogram.positive, IsEmpty());
}

TEST(FloatHistogramTest, CompensationKeepsSmallCountsBesideLargeOnes) {
  CompensatedHistogram sum = StartSum(Exponential(0, {{0, 1}}));
  AddHistogram(sum, Exponential(0, {{0, 1e100}}));
  AddHistogram(sum, Exponential(0, {{0, 1}, {1, 5}}));
  AddHistogram(sum, Exponential(0, {{0, -1e100}}));
  EXPECT_THAT(Total(sum).positive, ElementsAre(Holds(0, 2), Holds(1, 5)));
  EXPECT_FALSE(HasOverflow(sum));
  AddHistogram(sum, Exponential(0, {{0, HUGE_VAL}}));
  EXPECT_TRUE(HasOverflow(sum));
}

TEST(FloatHistogramTest, ACounterIsResetWhenSomethingDecreases) {
  const FloatHistogram before = Exponential(0, {{0, 1}, {1, 2}});
  EXPECT_FALSE(IsCounterReset(before, before));
  EXPECT_FALSE(IsCounterReset(Exponential(0, {{-5, 1}, {0, 1}, {1, 2}}), before));
  EXPECT_TRUE(IsCounterReset(Exponential(0, {{0, 1}}), before));            // fewer in all
  EXPECT_TRUE(IsCounterReset(Exponential(0, {{0, 5}, {1, 1}}), before));    // fewer in a bucket
  EXPECT_TRUE(IsCounterReset(Exponential(0, {{0, 1}, {2, 9}}), before));    // a bucket is gone
  EXPECT_TRUE(IsCounterReset(Exponential(1, {{1, 10}, {2, 5}}), before));   // finer
  EXPECT_FALSE(IsCounterReset(Exponential(-1, {{0, 1}, {1, 2}}), before));  // coarser
  FloatHistogram told = Exponential(0, {{0, 9}, {1, 9}});
  told.hint = ResetHint::kReset;
  EXPECT_TRUE(IsCounterReset(told, before));
  told = Exponential(0, {});
  told.hint = ResetHint::kNotReset;
  EXPECT_FALSE(IsCounterReset(told, before));
}

TEST(FloatHistogramTest, AWiderZeroBucketIsNoResetUnlessItCutsABucket) {
  FloatHistogram before = Exponential(0, {{0, 2}, {2, 3}});  // (0.5, 1], (2, 4]
  FloatHistogram current = Exponential(0, {{2, 3}});
  current.count = 5;
  current.zero_threshold = 1;
  current.zero_count = 2;
  EXPECT_FALSE(IsCounterReset(current, before));
  current.zero_count = 1;
  EXPECT_TRUE(IsCounterReset(current, before));
  current.zero_threshold = 0.7;
  current.zero_count = 2;
  EXPECT_TRUE(IsCounterReset(current, before));
}

TEST(FloatHistogramTest, BucketsInsideAZeroBucketThatStaysAreNoReset) {
  FloatHistogram before = Exponential(0, {{-3, 5}, {1, 2}});
  before.zero_threshold = 0.25;
  before.zero_count = 1;
  FloatHistogram now = before;
  now.zero_count = 2;
  now.count += 1;
  EXPECT_FALSE(IsCounterReset(now, before));
  now.zero_count = 0;
  EXPECT_TRUE(IsCounterReset(now, before));
}

TEST(FloatHistogramTest, ResetsOfCustomBoundsCompareWhatIsCommon) {
  const FloatHistogram before = Custom({1, 2}, {{0, 1}, {1, 2}, {2, 3}});
  EXPECT_FALSE(IsCounterReset(Custom({2}, {{0, 3}, {1, 3}}), before));
  EXPECT_TRUE(IsCounterReset(Custom({2}, {{0, 2}, {1, 4}}), before));
}

TEST(FloatHistogramTest, NeighboursTellWhereACounterWasReset) {
  using enum ResetHint;
  std::vector<std::shared_ptr<FloatHistogram>> samples;
  const auto add = [&](Buckets buckets, ResetHint told) {
    samples.push_back(std::make_shared<FloatHistogram>(Exponential(0, std::move(buckets))));
    samples.back()->hint = told;
  };
  add({{0, 1}}, kNotReset);  // a sample before it may be missing
  add({{0, 2}}, kUnknown);
  add({{0, 1}}, kUnknown);
  add({{0, 5}}, kReset);
  add({{0, 4}}, kNotReset);
  samples.push_back(nullptr);
  add({{0, 9}}, kUnknown);
  add({{0, 9}}, kGauge);
  FindResets(samples);
  std::vector<ResetHint> hints;
  for (const auto& sample : samples) hints.push_back(sample ? sample->hint : kUnknown);
  EXPECT_THAT(hints,
              ElementsAre(kUnknown, kNotReset, kReset, kReset, kReset, kUnknown, kUnknown, kGauge));
}

TEST(FloatHistogramTest, EmptyBucketsMakeNoDifference) {
  const FloatHistogram a = Exponential(0, {{0, 1}, {1, 0}});
  EXPECT_TRUE(AreSameHistograms(a, Exponential(0, {{-3, 0}, {0, 1}})));
  EXPECT_FALSE(AreSameHistograms(a, Exponential(0, {{1, 1}})));
}

TEST(FloatHistogramTest, RangesAscendAndStopAtTheZeroBucket) {
  FloatHistogram histogram = Exponential(0, {{-1, 1}, {1, 2}});
  histogram.negative = {{0, 3}};
  histogram.zero_threshold = 0.3;
  histogram.zero_count = 4;
  const std::vector<HistogramRange> ranges = RangesOf(histogram);
  ASSERT_EQ(ranges.size(), 4u);
  EXPECT_EQ(ranges[0].lower, -1);
  EXPECT_EQ(ranges[0].upper, -0.5);
  EXPECT_TRUE(ranges[0].includes_lower);
  EXPECT_FALSE(ranges[0].includes_upper);
  EXPECT_EQ(ranges[1].lower, -0.3);
  EXPECT_EQ(ranges[1].upper, 0.3);
  EXPECT_EQ(ranges[2].lower, 0.3);
  EXPECT_EQ(ranges[2].upper, 0.5);
  EXPECT_EQ(ranges[3].count, 2);
}

TEST(FloatHistogramTest, ADifferenceShowsWhatItsZeroBucketLacks) {
  FloatHistogram histogram;
  histogram.zero_count = -2;
  const std::vector<HistogramRange> ranges = RangesOf(histogram);
  ASSERT_EQ(ranges.size(), 1u);
  EXPECT_EQ(ranges[0].count, -2);
}

}  // namespace
}  // namespace luma
