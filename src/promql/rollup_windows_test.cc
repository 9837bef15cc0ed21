// What PromQL makes of samples that were rolled up. That answers are those of the samples is tested
// over the store: prom/rolled_up_queries_test.cc.
#include "promql/rollup_windows.h"

#include <gmock/gmock.h>

#include "promql/testing/query_fixture.h"

namespace luma::promql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// One series "m", a sample a minute from minute 1 on; those up to `until` are in buckets of five.
class RolledUpSeries final : public MetricsSource {
 public:
  RolledUpSeries(const std::vector<double>& values, int64_t until) {
    series_.labels = Labels::Of({{"__name__", "m"}}).value();
    RollupFold fold;
    for (size_t i = 0; i < values.size(); ++i) {
      const auto minute = static_cast<int64_t>(i) + 1;
      if (minute <= until) fold.Add(Rollup::Of({minute * kMinuteMs, values[i]}));
      if (minute <= until && minute % 5 != 0) continue;
      if (minute <= until) {
        series_.rollups.push_back({.point = series_.values.size(), .rollup = fold.Total()});
        fold = RollupFold();
      }
      series_.timestamps.push_back(minute * kMinuteMs);
      series_.values.push_back(values[i]);
    }
  }

  // Of one bucket.
  explicit RolledUpSeries(const Rollup& bucket) {
    series_.labels = Labels::Of({{"__name__", "m"}}).value();
    series_.rollups.push_back({.point = 0, .rollup = bucket});
    series_.timestamps.push_back(bucket.last_ts);
    series_.values.push_back(bucket.last);
  }

  Result<std::vector<SeriesSamples>> Select(const Matchers&, TimeRange,
                                            const ReadLimits&) const override {
    return std::vector<SeriesSamples>{series_};
  }
  Result<std::vector<Labels>> Series(const Matchers&, TimeRange, const ReadLimits&) const override {
    return std::vector<Labels>{series_.labels};
  }
  Result<std::vector<std::string>> LabelNames(const Matchers&, TimeRange,
                                              const ReadLimits&) const override {
    return std::vector<std::string>();
  }
  Result<std::vector<std::string>> LabelValues(std::string_view, const Matchers&, TimeRange,
                                               const ReadLimits&) const override {
    return std::vector<std::string>();
  }

 private:
  SeriesSamples series_;
};

class RollupWindowsTest : public testing::Test {
 protected:
  QueryValue Ask(int64_t minute, std::string_view query) {
    return Evaluator(source_)
        .Instant(*Parse(query).value(), minute * kMinuteMs, ReadLimits())
        .value();
  }
  std::string At(int64_t minute, std::string_view query) {
    const QueryValue value = Ask(minute, query);
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
  const RolledUpSeries twice(fold.Total());
  for (const std::string_view query : {"rate(m[5m])", "increase(m[5m])", "delta(m[5m])"}) {
    const auto value = Evaluator(twice).Instant(*Parse(query).value(), 5 * kMinuteMs, ReadLimits());
    ASSERT_TRUE(value.ok());
    EXPECT_THAT(value->series, IsEmpty()) << query;
  }
}

}  // namespace
}  // namespace luma::promql
