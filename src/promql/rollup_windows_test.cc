// What PromQL makes of samples that were rolled up. That answers are those of the samples is tested
// over the store: prom/rolled_up_queries_test.cc.
#include "promql/rollup_windows.h"

#include <gmock/gmock.h>

#include "promql/testing/query_fixture.h"
#include "promql/testing/rolled_up_series.h"

namespace luma::promql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RollupWindowsTest : public testing::Test {
 protected:
  std::string At(int64_t minute, std::string_view query) { return At(source_, minute, query); }
  // The value alone; of a histogram its sum.
  std::string At(const MetricsSource& source, int64_t minute, std::string_view query) {
    const QueryValue value =
        Evaluator(source).Instant(*Parse(query).value(), minute * kMinuteMs, ReadLimits()).value();
    infos_ = value.infos;
    return value.series.empty() ? "" : FloatText(value.series[0].values[0]);
  }

  // Buckets (0, 5], (5, 10] and (10, 15], then samples at 16 to 20.
  const RolledUpSeries source_{{1, 2, 3, 4, 5, 9, 8, 7, 6, 5, 1, 3, 5, 7, 9, 2, 4, 6, 8, 10}, 15};
  std::vector<std::string> infos_;
};

TEST_F(RollupWindowsTest, WholeBucketsGiveWhatTheirSamplesGave) {
  EXPECT_EQ(At(10, "count_over_time(m[10m])"), "10");
  EXPECT_EQ(At(10, "sum_over_time(m[10m])"), "50");
  EXPECT_EQ(At(10, "avg_over_time(m[10m])"), "5");
  EXPECT_EQ(At(10, "min_over_time(m[5m])"), "5");
  EXPECT_EQ(At(10, "max_over_time(m[10m])"), "9");
  EXPECT_EQ(At(10, "first_over_time(m[5m])"), "9");
  EXPECT_EQ(At(10, "last_over_time(m[10m])"), "5");
  EXPECT_EQ(At(10, "present_over_time(m[10m])"), "1");
  EXPECT_EQ(At(10, "changes(m[10m])"), "9");
  EXPECT_EQ(At(15, "resets(m[15m])"), "5");
  EXPECT_EQ(At(10, "ts_of_first_over_time(m[5m])"), "360");
  EXPECT_EQ(At(20, "sum_over_time(m[20m])"), "105");
  EXPECT_EQ(At(10, "delta(m[10m])"), FloatText((5.0 - 1) * (600.0 / 540)));
  // 1 to 5, 5 to 9, after four resets 8, 7, 6 and 5, and one more on the way from zero.
  EXPECT_EQ(At(10, "round(increase(m[10m]), 0.001)"), "35");
  EXPECT_THAT(infos_, ElementsAre(testing::HasSubstr("might not be a counter")));
}

TEST_F(RollupWindowsTest, CutBucketsCountWhereTheirLastSampleLies) {
  EXPECT_EQ(At(7, "count_over_time(m[5m])"), "5");
  EXPECT_EQ(At(12, "count_over_time(m[5m])"), "5");
  EXPECT_EQ(At(17, "count_over_time(m[5m])"), "7");
  EXPECT_THAT(infos_, ElementsAre(testing::HasSubstr("reaches over the edge of a range")));
  At(20, "count_over_time(m[5m])");
  EXPECT_THAT(infos_, IsEmpty());
}

TEST_F(RollupWindowsTest, FunctionsThatNeedSamplesSeeTheLastOfEachBucketAndSaySo) {
  EXPECT_EQ(At(15, "quantile_over_time(1, m[15m])"), "9");
  EXPECT_THAT(infos_, ElementsAre("PromQL info: samples are rolled up: quantile_over_time sees the "
                                  "last one of each bucket"));
  EXPECT_EQ(At(15, "idelta(m[15m])"), "4");
  EXPECT_EQ(At(15, "increase(m[10m] anchored)"), "4");
  EXPECT_THAT(infos_, testing::Contains(testing::HasSubstr("increase sees the last one")));
}

TEST_F(RollupWindowsTest, ASelectorKnowsTheEndsOfBuckets) {
  EXPECT_EQ(At(5, "m"), "5");
  EXPECT_EQ(At(6, "m"), "9");
  EXPECT_EQ(At(8, "m"), "9");
  EXPECT_EQ(At(8, "timestamp(m)"), "360");
  EXPECT_EQ(At(10, "m"), "5");
  EXPECT_EQ(At(0, "m"), "");
  EXPECT_EQ(At(24, "m"), "10");
  EXPECT_EQ(At(25, "m"), "");
}

TEST_F(RollupWindowsTest, AValueWrittenAnewAtItsTimeHasNoRate) {
  RollupFold fold;
  fold.Add(Rollup::Of({kMinuteMs, 1}));
  fold.Add(Rollup::Of({kMinuteMs, 2}));
  const RolledUpSeries twice = RolledUpSeries().Add(fold.Total());
  for (const std::string_view query : {"rate(m[5m])", "increase(m[5m])", "delta(m[5m])"}) {
    const auto value = Evaluator(twice).Instant(*Parse(query).value(), 5 * kMinuteMs, ReadLimits());
    ASSERT_TRUE(value.ok());
    EXPECT_THAT(value->series, IsEmpty()) << query;
  }
}

// ---- rows that came late lie inside of a bucket until they join it, or for good

TEST_F(RollupWindowsTest, ASelectorGoesThroughABucketBesideLateSamples) {
  const RolledUpSeries source = RolledUpSeries().Add(30, 9).Add(Bucket(1, 1, 60, 5));
  EXPECT_EQ(At(source, 0, "m"), "");
  EXPECT_EQ(At(source, 2, "m"), "1");
  EXPECT_EQ(At(source, 29, "m"), "1");
  EXPECT_EQ(At(source, 29, "timestamp(m)"), "60");
  EXPECT_EQ(At(source, 30, "m"), "9");
  EXPECT_EQ(At(source, 59, "m"), "9");
  EXPECT_EQ(At(source, 59, "timestamp(m)"), "1800");
  EXPECT_EQ(At(source, 60, "m"), "5");
  EXPECT_EQ(At(source, 64, "m"), "5");
  EXPECT_EQ(At(source, 65, "m"), "");
}

TEST_F(RollupWindowsTest, ASelectorGoesThroughABucketBesideFinerOnes) {
  const RolledUpSeries source =
      RolledUpSeries().Add(Bucket(21, 2, 24, 3)).Add(Bucket(31, 7, 34, 8)).Add(Bucket(1, 1, 60, 5));
  EXPECT_EQ(At(source, 20, "m"), "1");
  EXPECT_EQ(At(source, 22, "m"), "2");
  EXPECT_EQ(At(source, 30, "m"), "3");
  EXPECT_EQ(At(source, 33, "m"), "7");
  EXPECT_EQ(At(source, 50, "m"), "8");
  EXPECT_EQ(At(source, 60, "m"), "5");
}

TEST_F(RollupWindowsTest, ASelectorGoesThroughABucketBesideAHistogram) {
  auto histogram = std::make_shared<FloatHistogram>();
  histogram->sum = 12;
  const RolledUpSeries source =
      RolledUpSeries().Add(30, 12, std::move(histogram)).Add(Bucket(1, 1, 60, 5));
  EXPECT_EQ(At(source, 29, "m"), "1");
  EXPECT_EQ(At(source, 59, "histogram_sum(m)"), "12");
  EXPECT_EQ(At(source, 60, "m"), "5");
}

TEST_F(RollupWindowsTest, AMarkerInsideABucketIsForgottenAndOneAfterItIsNot) {
  const RolledUpSeries source =
      RolledUpSeries().Add(30, kStaleNan).Add(Bucket(1, 1, 60, 5)).Add(62, kStaleNan);
  EXPECT_EQ(At(source, 40, "m"), "1");
  EXPECT_EQ(At(source, 61, "m"), "5");
  EXPECT_EQ(At(source, 62, "m"), "");
}

TEST_F(RollupWindowsTest, ASmoothedSelectorKnowsBothEndsOfABucket) {
  const RolledUpSeries source = RolledUpSeries().Add(Bucket(1, 1, 61, 61));
  EXPECT_EQ(At(source, 1, "m smoothed"), "1");
  EXPECT_EQ(At(source, 31, "m smoothed"), "31");
  EXPECT_THAT(infos_, ElementsAre(testing::HasSubstr("smoothed selector sees the first and the")));
  EXPECT_EQ(At(source, 61, "m smoothed"), "61");
  EXPECT_EQ(At(source, 64, "m smoothed"), "61");
  EXPECT_EQ(At(source, 66, "m smoothed"), "");
}

// ---- ranges that are shorter than a bucket

TEST_F(RollupWindowsTest, ARangeWithinABucketSaysThatItIs) {
  const RolledUpSeries source = RolledUpSeries().Add(Bucket(1, 1, 60, 5));
  for (const std::string_view query : {"count_over_time(m[5m])", "rate(m[5m])", "changes(m[5m])"}) {
    EXPECT_EQ(At(source, 30, query), "") << query;
    EXPECT_THAT(infos_, testing::Contains(testing::HasSubstr("reaches over the edge of a range")));
  }
  EXPECT_EQ(At(source, 66, "count_over_time(m[5m])"), "");
  EXPECT_THAT(infos_, IsEmpty());
}

TEST_F(RollupWindowsTest, EveryBucketAtAnEdgeIsFound) {
  const RolledUpSeries source = RolledUpSeries().Add(Bucket(41, 2, 44, 3)).Add(Bucket(1, 1, 60, 5));
  EXPECT_EQ(At(source, 40, "count_over_time(m[40m])"), "");
  EXPECT_THAT(infos_, ElementsAre(testing::HasSubstr("reaches over the edge of a range")));
  EXPECT_EQ(At(source, 45, "count_over_time(m[5m])"), "2");
  EXPECT_THAT(infos_, ElementsAre(testing::HasSubstr("reaches over the edge of a range")));
}

TEST_F(RollupWindowsTest, ARangeThatABucketReachesIntoIsNotAbsent) {
  const RolledUpSeries source = RolledUpSeries().Add(Bucket(1, 1, 60, 5));
  EXPECT_EQ(At(source, 30, "absent_over_time(m[5m])"), "");
  EXPECT_THAT(infos_, ElementsAre(testing::HasSubstr("is taken to have samples")));
  EXPECT_EQ(At(source, 30, "present_over_time(m[5m])"), "1");
  EXPECT_THAT(infos_, ElementsAre(testing::HasSubstr("is taken to have samples")));
  for (const int64_t minute : {0, 65, 80}) {
    EXPECT_EQ(At(source, minute, "absent_over_time(m[5m])"), "1") << minute;
    EXPECT_EQ(At(source, minute, "present_over_time(m[5m])"), "") << minute;
    EXPECT_THAT(infos_, IsEmpty());
  }
}

TEST_F(RollupWindowsTest, ACutBucketGivesRatesTheShareOfTimeThatLiesInTheRange) {
  const RolledUpSeries source = RolledUpSeries().Add(Bucket(10, 100, 20, 200));
  EXPECT_EQ(At(source, 20, "delta(m[10m])"), "100");
  EXPECT_EQ(At(source, 20, "delta(m[4m])"), "40");
  EXPECT_EQ(At(source, 20, "increase(m[4m])"), "40");
  EXPECT_THAT(infos_, testing::Contains(testing::HasSubstr("rates have the share of it")));
}

}  // namespace
}  // namespace luma::promql
