// Native histograms in questions: selectors, operators, aggregations, functions.
#include "promql/native_histogram.h"

#include <bit>
#include <cmath>

#include "promql/testing/query_fixture.h"

namespace luma::promql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Schema 0, `counts` from bucket `first` on; the sum is their number.
FloatHistogram Exponential(const std::vector<double>& counts, int32_t first = 0) {
  FloatHistogram histogram;
  for (const double count : counts) {
    histogram.positive.push_back({first++, count});
    histogram.count += count;
  }
  histogram.sum = histogram.count;
  return histogram;
}
FloatHistogram Custom(std::vector<double> bounds, const std::vector<double>& counts) {
  FloatHistogram histogram = Exponential(counts);
  histogram.schema = kCustomBoundsSchema;
  histogram.custom_bounds = std::move(bounds);
  return histogram;
}
FloatHistogram Gauge(FloatHistogram histogram) {
  histogram.hint = ResetHint::kGauge;
  return histogram;
}

class NativeHistogramTest : public QueryFixture {};

TEST_F(NativeHistogramTest, QuantilesLieOnAnExponentialCurve) {
  const FloatHistogram histogram = Exponential({1, 2, 1});  // up to 1, 2 and 4
  EXPECT_DOUBLE_EQ(NativeQuantile(0.5, histogram).value, std::sqrt(2));
  EXPECT_EQ(NativeQuantile(1, histogram).value, 4);
  EXPECT_EQ(NativeQuantile(-1, histogram).value, -HUGE_VAL);
  EXPECT_TRUE(std::isnan(NativeQuantile(0.5, FloatHistogram()).value));
  EXPECT_DOUBLE_EQ(NativeFraction(1, std::sqrt(2), histogram).value, 0.25);
  EXPECT_DOUBLE_EQ(NativeQuantile(0.5, Custom({5, 10}, {1, 2, 1})).value, 7.5);
}

TEST_F(NativeHistogramTest, ObservationsThatAreNanAreTold) {
  FloatHistogram histogram = Exponential({12});
  histogram.count = 15;
  histogram.sum = std::nan("");
  EXPECT_EQ(NativeQuantile(0.9, histogram).nan, NanEffect::kOnlyNan);
  EXPECT_EQ(NativeQuantile(0.8, histogram).nan, NanEffect::kSkewed);
  EXPECT_EQ(NativeFraction(-HUGE_VAL, HUGE_VAL, histogram).value, 0.8);
}

TEST_F(NativeHistogramTest, TrimmingCutsTheBucketOfTheBound) {
  const FloatHistogram histogram = Exponential({1, 2, 1});
  const FloatHistogram upper = Trimmed(histogram, std::sqrt(2), TrimSide::kUpper);
  EXPECT_NEAR(upper.count, 2, 1e-12);
  const FloatHistogram lower = Trimmed(histogram, 2, TrimSide::kLower);
  EXPECT_EQ(lower.count, 1);
  EXPECT_TRUE(AreSameHistograms(Trimmed(histogram, 4, TrimSide::kUpper), histogram));
}

TEST_F(NativeHistogramTest, ASeriesMayHoldBothKinds) {
  Load("m", {1, 2});
  LoadHistograms("m", {Exponential({3}), Exponential({4})}, 2);
  EXPECT_EQ(Over(0, 3, "m"),
            "m 1 2 {{count:3 sum:3 buckets:[3]}} "
            "{{count:4 sum:4 counter_reset_hint:not_reset buckets:[4]}}");
  EXPECT_EQ(Over(0, 3, "histogram_count(m)"), "{} _ _ 3 4");
  EXPECT_EQ(Over(0, 3, "abs(m)"), "{} 1 2 _ _");
  EXPECT_EQ(At(3, "count_over_time(m[4m])"), "{} 4");
  EXPECT_EQ(At(3, "max_over_time(m[4m])"), "{} 2");
  EXPECT_EQ(At(3, "changes(m[4m])"), "{} 3");
  const QueryValue mixed = Ask(3, "rate(m[4m])");
  EXPECT_THAT(mixed.series, IsEmpty());
  EXPECT_THAT(mixed.warnings,
              ElementsAre("PromQL warning: encountered a mix of histograms and floats for metric "
                          "name \"m\""));
}

TEST_F(NativeHistogramTest, OperatorsWithScalarsAndWithEachOther) {
  LoadHistograms(R"(h{a="1"})", {Exponential({2, 4})});
  LoadHistograms(R"(h{a="2"})", {Exponential({4}, 1)});
  EXPECT_EQ(At(0, R"(h{a="1"} / 2)"), R"({a="1"} {{count:3 sum:3 buckets:[1 2]}})");
  EXPECT_EQ(At(0, R"(2 * h{a="2"})"), R"({a="2"} {{count:8 sum:8 offset:1 buckets:[8]}})");
  EXPECT_EQ(At(0, R"(-h{a="2"})"),
            R"({a="2"} {{count:-4 sum:-4 counter_reset_hint:gauge offset:1 buckets:[-4]}})");
  EXPECT_EQ(At(0, R"(h{a="1"} - ignoring(a) h{a="2"})"),
            "{} {{count:2 sum:2 counter_reset_hint:gauge buckets:[2]}}");
  EXPECT_EQ(At(0, R"(h{a="1"} == h)"), R"(h{a="1"} {{count:6 sum:6 buckets:[2 4]}})");
  EXPECT_EQ(At(0, R"(h{a="1"} != bool h)"), R"({a="1"} 0)");
  EXPECT_EQ(At(0, R"(histogram_count(h{a="1"} </ 1))"), R"({a="1"} 2)");
  EXPECT_EQ(At(0, R"(histogram_count(h{a="1"} >/ 1))"), R"({a="1"} 4)");
  EXPECT_THAT(At(0, "1 </ 2"), HasSubstr("not allowed for Scalar operations"));
}

TEST_F(NativeHistogramTest, WhatCannotBeCombinedIsDroppedAndTold) {
  LoadHistograms("h", {Exponential({2})});
  Load("f", {3});
  const QueryValue value = Ask(0, "h + on() f");
  EXPECT_THAT(value.series, IsEmpty());
  EXPECT_THAT(value.infos,
              ElementsAre("PromQL info: incompatible sample types encountered for binary operator "
                          "\"+\": histogram + float"));
  EXPECT_THAT(Ask(0, "h > 1").series, IsEmpty());
}

TEST_F(NativeHistogramTest, SumsAndMeans) {
  LoadHistograms(R"(h{a="1"})", {Exponential({2, 4})});
  LoadHistograms(R"(h{a="2"})", {Exponential({4}, 1)});
  EXPECT_EQ(At(0, "sum(h)"), "{} {{count:10 sum:10 buckets:[2 8]}}");
  EXPECT_EQ(At(0, "avg(h)"), "{} {{count:5 sum:5 buckets:[1 4]}}");
  EXPECT_EQ(At(0, "count(h)"), "{} 2");
  const QueryValue most = Ask(0, "max(h)");
  EXPECT_THAT(most.series, IsEmpty());
  EXPECT_THAT(most.infos, ElementsAre("PromQL info: ignored histogram in max aggregation"));
  Load(R"(h{a="3"})", {1});
  EXPECT_THAT(Ask(0, "sum(h)").series, IsEmpty());
  EXPECT_EQ(At(0, "sum by (a) (h)"),
            R"({a="1"} {{count:6 sum:6 buckets:[2 4]}}; )"
            R"({a="2"} {{count:4 sum:4 offset:1 buckets:[4]}}; {a="3"} 1)");
}

TEST_F(NativeHistogramTest, RatesAddWhatResetsLost) {
  LoadHistograms("h_total", {Exponential({1}), Exponential({4}), Exponential({2})});
  // 3, then 2 after a reset; reaching back to where the count was 0, a fifth of the time covered.
  EXPECT_EQ(At(2, "increase(h_total[4m])"),
            "{} {{count:6 sum:6 counter_reset_hint:gauge buckets:[6]}}");
  EXPECT_EQ(At(2, "resets(h_total[3m])"), "{} 1");
  EXPECT_EQ(At(2, "irate(h_total[3m]) * 60"),
            "{} {{count:2 sum:2 counter_reset_hint:gauge buckets:[2]}}");
  EXPECT_EQ(At(2, "sum_over_time(h_total[3m])"), "{} {{count:7 sum:7 buckets:[7]}}");
  EXPECT_EQ(At(1, "last_over_time(h_total[3m])"),
            "h_total {{count:4 sum:4 counter_reset_hint:not_reset buckets:[4]}}");
}

TEST_F(NativeHistogramTest, RatesReduceTheResolutionBeforeTheyWidenTheZeroBucket) {
  FloatHistogram first = Gauge(Exponential({}));
  first.zero_threshold =
      std::exp2(-0.25);  // within (0.5, 1] of its schema, at an end of the finer one
  first.zero_count = first.count = 1;
  FloatHistogram last = Gauge(Exponential({5}, -1));
  last.schema = 3;
  LoadHistograms("h", {first, last});
  EXPECT_THAT(At(1, "delta(h[2m])"), HasSubstr("z_bucket:8 z_bucket_w:1"));
}

TEST_F(NativeHistogramTest, AResetThatTheSenderTellsOfCountsAfterAStalenessMarkerToo) {
  FloatHistogram stale = Exponential({9});
  stale.sum = std::bit_cast<double>(kStaleNanBits);
  FloatHistogram told = Exponential({5});
  told.hint = ResetHint::kReset;
  LoadHistograms("h_total", {Exponential({4}), stale, told});
  EXPECT_EQ(At(2, "resets(h_total[3m])"), "{} 1");
}

TEST_F(NativeHistogramTest, GaugesChangeWithoutResets) {
  LoadHistograms("h", {Gauge(Exponential({5})), Gauge(Exponential({2}))});
  const QueryValue value = Ask(1, "idelta(h[2m])");
  ASSERT_EQ(value.series.size(), 1u);
  EXPECT_EQ(value.series[0].histograms[0]->count, -3);
  EXPECT_THAT(value.warnings, IsEmpty());
  EXPECT_THAT(Ask(1, "rate(h[2m])").warnings,
              ElementsAre("PromQL warning: this native histogram metric is not a counter: \"h\""));
}

TEST_F(NativeHistogramTest, AQuestionForCountsKnowsOfCollidingHints) {
  LoadHistograms(R"(h{a="1"})", {Exponential({1}), Exponential({2})});
  LoadHistograms(R"(h{a="2"})", {Exponential({3}), Exponential({2})});
  EXPECT_THAT(Ask(1, "sum(h)").warnings, IsEmpty());
  EXPECT_THAT(
      Ask(1, "histogram_count(sum(h))").warnings,
      ElementsAre("PromQL warning: conflicting counter resets during histogram aggregation"));
}

TEST_F(NativeHistogramTest, QuantilesOfBothKinds) {
  LoadHistograms("h", {Exponential({1, 2, 1})});
  EXPECT_EQ(At(0, "histogram_quantile(1, h)"), "{} 4");
  EXPECT_EQ(At(0, R"(histogram_quantiles(h, "q", 1))"), R"({q="1.0"} 4)");
  EXPECT_EQ(At(0, "histogram_fraction(1, 2, h)"), "{} 0.5");
  EXPECT_EQ(At(0, "histogram_avg(h)"), "{} 1");
  Load(R"(h{le="+Inf"})", {1});
  const QueryValue both = Ask(0, "histogram_quantile(1, h)");
  EXPECT_THAT(both.series, IsEmpty());
  EXPECT_THAT(both.warnings,
              ElementsAre("PromQL warning: vector contains a mix of classic and native histograms "
                          "for metric name \"h\""));
}

TEST_F(NativeHistogramTest, QuantilesOfASeriesWhoseStepsComeFromTwoPlaces) {
  LoadHistograms("h", {Exponential({1}), Exponential({0, 1}), Exponential({0, 0, 1})});
  EXPECT_EQ(Over(0, 2, "histogram_quantile(1, (h and on () vector(time()) < 60) or h * 2)"),
            "{} 1 2 4");
}

TEST_F(NativeHistogramTest, ValuesAreCountedByTheirTexts) {
  LoadHistograms(R"(h{a="1"})", {Exponential({2})});
  LoadHistograms(R"(h{a="2"})", {Exponential({2})});
  EXPECT_EQ(At(0, R"(count_values("v", h))"), R"({v="{count:2, sum:2, (0.5,1]:2}"} 2)");
}

TEST_F(NativeHistogramTest, WhatAZeroBucketLacksIsShownButNotEstimatedWith) {
  const auto with_zero = [](double zero_count, double bucket) {
    FloatHistogram histogram = Gauge(Exponential({bucket}));
    histogram.zero_threshold = 0.25;
    histogram.zero_count = zero_count;
    histogram.count += zero_count;
    return histogram;
  };
  LoadHistograms("h", {with_zero(3, 1), with_zero(1, 5)});
  // In the one bucket that has some; 2 of its 4 make up for what the zero bucket lacks.
  EXPECT_EQ(At(1, "histogram_quantile(0, idelta(h[2m])) ^ 2"), "{} 0.5000000000000001");
  EXPECT_EQ(At(1, R"(count_values("v", idelta(h[2m])))"),
            R"({v="{count:2, sum:4, [-0.25,0.25]:-2, (0.5,1]:4}"} 1)");
}

TEST_F(NativeHistogramTest, SmoothedSelectorsLieBetweenHistograms) {
  LoadHistograms("h", {Exponential({0, 2})});
  LoadHistograms("h", {Exponential({0, 6})}, 2);
  EXPECT_EQ(At(1, "h smoothed"), "h {{count:4 sum:4 offset:1 buckets:[4]}}");
}

TEST_F(NativeHistogramTest, NoLineGoesFromCustomBoundsToExponentialOnes) {
  LoadHistograms("h", {Custom({5, 10}, {1})});
  LoadHistograms("h", {Exponential({1, 2})}, 2);
  EXPECT_EQ(At(1, "h smoothed"), "");
  EXPECT_THAT(Ask(1, "h smoothed").warnings,
              ElementsAre("PromQL warning: vector contains a mix of histograms with exponential "
                          "and custom buckets schemas for metric name \"h\""));
}

TEST_F(NativeHistogramTest, InfoMetricsAreFloats) {
  Load(R"(m{instance="i",job="j"})", {1});
  LoadHistograms(R"(h{instance="i",job="j"})", {Exponential({1})});
  EXPECT_THAT(At(0, R"(info(m, {__name__="h"}))"), HasSubstr("info sample should be float"));
}

}  // namespace
}  // namespace luma::promql
