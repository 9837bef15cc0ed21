#include "promql/range_functions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "promql/testing/query_fixture.h"

namespace luma::promql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RangeFunctionsTest : public QueryFixture {};

TEST_F(RangeFunctionsTest, WindowsAreAddedUp) {
  Load("m", {4, 1, 3, 2});
  EXPECT_EQ(At(3, "sum_over_time(m[3m])"), "{} 6");
  EXPECT_EQ(At(3, "avg_over_time(m[3m])"), "{} 2");
  EXPECT_EQ(At(3, "min_over_time(m[3m])"), "{} 1");
  EXPECT_EQ(At(3, "max_over_time(m[4m])"), "{} 4");
  EXPECT_EQ(At(3, "count_over_time(m[3m])"), "{} 3");
  EXPECT_EQ(At(3, "present_over_time(m[3m])"), "{} 1");
  EXPECT_EQ(At(3, "stdvar_over_time(m[4m])"), "{} 1.25");
  EXPECT_EQ(At(3, "quantile_over_time(0.5, m[4m])"), "{} 2.5");
  EXPECT_EQ(At(3, "mad_over_time(m[4m])"), "{} 1");
  EXPECT_EQ(At(3, "last_over_time(m[3m])"), "m 2");
  EXPECT_EQ(At(3, "first_over_time(m[3m])"), "m 1");
  EXPECT_EQ(At(3, "ts_of_max_over_time(m[3m])"), "{} 120");
  EXPECT_EQ(At(3, "ts_of_min_over_time(m[4m])"), "{} 60");
  EXPECT_EQ(At(3, "ts_of_first_over_time(m[3m])"), "{} 60");
  EXPECT_EQ(At(3, "ts_of_last_over_time(m[3m])"), "{} 180");
}

// Goal: one pass over sliding windows gives what every window gives for itself.
// Method: a range query of every step against instant queries, on random values with NaN.
TEST_F(RangeFunctionsTest, SlidingWindowsAgreeWithSingleOnes) {
  std::mt19937 random(20261122);  // NOLINT: fixed, so that a failure repeats
  std::vector<double> values;
  for (int i = 0; i < 200; ++i) {
    const auto pick = random() % 12;
    values.push_back(pick == 0 ? std::nan("") : pick == 1 ? kStaleNan : double(random() % 5));
  }
  Load("m", values);
  for (const std::string_view query :
       {"max_over_time(m[7m])", "min_over_time(m[7m])", "rate(m[9m])", "increase(m[3m])",
        "changes(m[6m])", "resets(m[6m])", "delta(m[4m])", "sum_over_time(m[5m])"}) {
    const QueryValue all =
        *evaluator_.Range(*Parse(query).value(), 0, 199 * kMinuteMs, kMinuteMs, {});
    ASSERT_EQ(all.series.size(), 1u) << query;
    size_t next = 0;
    for (int64_t minute = 0; minute < 200; ++minute) {
      const QueryValue one = Ask(minute, query);
      if (one.series.empty()) continue;
      ASSERT_LT(next, all.series[0].values.size());
      EXPECT_EQ(all.series[0].timestamps[next], minute * kMinuteMs) << query;
      const double expected = one.series[0].values[0];
      const double given = all.series[0].values[next++];
      EXPECT_TRUE(given == expected || (std::isnan(given) && std::isnan(expected)))
          << query << " at " << minute << ": " << given << " != " << expected;
    }
    EXPECT_EQ(next, all.series[0].values.size()) << query;
  }
}

TEST_F(RangeFunctionsTest, RatesCorrectResetsAndExtrapolate) {
  Load("c_total", {0, 60, 120, 30, 90});
  EXPECT_EQ(At(4, "increase(c_total[4m])"), "{} 200");  // 150 in 3 minutes
  EXPECT_EQ(At(4, "round(rate(c_total[4m]) * 240)"), "{} 200");
  EXPECT_EQ(At(4, "delta(c_total[4m])"), "{} 40");
  EXPECT_EQ(At(4, "irate(c_total[4m])"), "{} 1");
  EXPECT_EQ(At(3, "irate(c_total[4m])"), "{} 0.5");
  EXPECT_EQ(At(4, "idelta(c_total[4m])"), "{} 60");
  EXPECT_EQ(At(4, "resets(c_total[4m])"), "{} 1");
  EXPECT_EQ(At(4, "changes(c_total[4m])"), "{} 3");
  EXPECT_EQ(At(0, "rate(c_total[4m])"), "");
}

TEST_F(RangeFunctionsTest, RatesOfGaugesAreRemarkedUpon) {
  Load("c_total", {0, 1});
  Load("gauge", {0, 1});
  EXPECT_THAT(Ask(1, "rate(c_total[5m])").infos, testing::IsEmpty());
  EXPECT_THAT(Ask(1, "rate(gauge[5m])").infos,
              ElementsAre(HasSubstr("metric might not be a counter")));
}

TEST_F(RangeFunctionsTest, AnchoredAndSmoothedRangesLookBeyondTheirEdges) {
  Load("m", {1, 2, 4, 8});
  EXPECT_EQ(At(3, "increase(m[2m] anchored)"), "{} 6");
  EXPECT_EQ(At(2, "increase(m[90s] smoothed)"), "{} 2.5");
  EXPECT_EQ(At(3, "changes(m[1m] anchored)"), "{} 1");
  EXPECT_EQ(At(3, "rate(m[1m] anchored) * 60"), "{} 4");
  EXPECT_THAT(At(3, "sum_over_time(m[1m] anchored)"),
              HasSubstr("anchored modifier can only be used with"));
  EXPECT_THAT(At(3, "changes(m[1m] smoothed)"),
              HasSubstr("smoothed modifier can only be used with"));
}

TEST_F(RangeFunctionsTest, TrendsAreFitted) {
  Load("m", {0, 6, 12, 18});
  EXPECT_EQ(At(3, "deriv(m[4m])"), "{} 0.1");
  EXPECT_EQ(At(3, "predict_linear(m[4m], 60)"), "{} 24");
  EXPECT_EQ(At(3, "double_exponential_smoothing(m[4m], 0.5, 0.5)"), "{} 18");
  EXPECT_THAT(At(3, "double_exponential_smoothing(m[4m], 1, 0.5)"),
              HasSubstr("invalid smoothing factor"));
}

TEST_F(RangeFunctionsTest, SubqueriesEvaluateAtAlignedTimes) {
  Load("m", {1, 2, 3, 4, 5});
  EXPECT_EQ(At(4, "sum_over_time(m[2m:1m])"), "{} 9");
  EXPECT_EQ(At(4, "count_over_time(m[4m:30s])"), "{} 8");
  EXPECT_EQ(At(4, "max_over_time(sum_over_time(m[2m])[3m:])"), "{} 9");
  EXPECT_EQ(At(4, "m[2m:1m]"), "m 4 5");
  EXPECT_EQ(At(4, "(-m)[2m:1m]"), "{} -4 -5");
  EXPECT_EQ(Over(3, 4, "sum_over_time(m[2m:1m] offset 1m)"), "{} 5 7");
  EXPECT_EQ(At(0, "min_over_time(topk(1, m)[30s:5m])"), "{} 1");
  EXPECT_EQ(At(1, "min_over_time(topk(1, m)[30s:5m])"), "");
}

TEST_F(RangeFunctionsTest, AbsenceIsReported) {
  Load(R"(m{a="1"})", {1});
  EXPECT_EQ(At(0, "absent(m)"), "");
  EXPECT_EQ(At(0, R"(absent(none{a="1",b=~"2",c="3",c="4"}))"), R"({a="1"} 1)");
  EXPECT_EQ(At(0, "absent(sum(none))"), "{} 1");
  EXPECT_EQ(Over(0, 2, "absent_over_time(m[1m])"), "{} _ 1 1");
}

}  // namespace
}  // namespace luma::promql
