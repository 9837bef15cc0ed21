#include "server/promql_for_sql.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "model/testing/memory_metrics.h"

namespace luma::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr UnixMillis kNow = 1'700'000'000'000;

class UnboundedMemory final : public ResultMemory {
 public:
  Status Book(uint64_t) override { return Status::Ok(); }
};

class PromqlForSqlTest : public testing::Test {
 protected:
  PromqlForSqlTest() {
    metrics_.Add({{"__name__", "up"}, {"job", "a"}}, {{kNow - 60'000, 1}, {kNow, 0}});
    metrics_.Add({{"__name__", "up"}, {"job", "b"}}, {{kNow - 60'000, 1}, {kNow, 1}});
  }
  Result<sql::PromqlAnswer> Ask(std::string_view query, UnixMillis start = kNow,
                                UnixMillis end = kNow, int64_t step_ms = 0) {
    return engine_.Ask({.query = query, .start = start, .end = end, .step_ms = step_ms}, metrics_,
                       memory_);
  }

  ManualClock clock_{kNow};
  MemoryMetrics metrics_{clock_};
  UnboundedMemory memory_;
  const PromqlForSql engine_{{}, /*samples_max=*/1'000};
};

TEST_F(PromqlForSqlTest, InstantQuestionsOfEveryType) {
  const auto vector = Ask("sum by (job) (up)");
  ASSERT_TRUE(vector.ok()) << vector.status();
  ASSERT_EQ(vector->series.size(), 2u);
  EXPECT_EQ(vector->series[0].labels.ToString(), "{job=\"a\"}");
  EXPECT_THAT(vector->series[0].timestamps, ElementsAre(kNow));
  const auto scalar = Ask("6 * 7");
  ASSERT_TRUE(scalar.ok()) << scalar.status();
  ASSERT_EQ(scalar->series.size(), 1u);
  EXPECT_TRUE(scalar->series[0].labels.empty());
  EXPECT_THAT(scalar->series[0].values, ElementsAre(42));
  const auto matrix = Ask("up{job=\"b\"}[5m]");
  ASSERT_TRUE(matrix.ok()) << matrix.status();
  EXPECT_THAT(matrix->series[0].timestamps, ElementsAre(kNow - 60'000, kNow));
  EXPECT_THAT(Ask("none")->series, IsEmpty());
}

TEST_F(PromqlForSqlTest, RangesHaveAValueForEachStep) {
  const auto range = Ask("sum(up)", kNow - 60'000, kNow, 30'000);
  ASSERT_TRUE(range.ok()) << range.status();
  EXPECT_THAT(range->series[0].timestamps, ElementsAre(kNow - 60'000, kNow - 30'000, kNow));
  EXPECT_THAT(range->series[0].values, ElementsAre(2, 2, 1));
}

TEST_F(PromqlForSqlTest, WhatHasNoSamplesIsRefused) {
  EXPECT_EQ(Ask("\"text\"").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Ask("up[5m]", kNow - 1, kNow, 1).status().code(), StatusCode::kInvalidArgument);
  const Status syntax = Ask("sum(").status();
  EXPECT_EQ(syntax.code(), StatusCode::kSyntaxError);
  EXPECT_THAT(std::string(syntax.message()), HasSubstr("1:5: parse error"));
}

TEST_F(PromqlForSqlTest, StepsAndSamplesAreBounded) {
  EXPECT_EQ(Ask("1", kNow - 1'000, kNow, 1).status().code(), StatusCode::kTooLarge);
  EXPECT_TRUE(Ask("1", kNow - 999, kNow, 1).ok());
  EXPECT_EQ(Ask("up", kNow - 900, kNow, 1).status().code(), StatusCode::kTooLarge);
  EXPECT_EQ(Ask("1", INT64_MIN, INT64_MAX, 1).status().code(), StatusCode::kTooLarge);
}

TEST_F(PromqlForSqlTest, RemarksComeWithTheAnswer) {
  EXPECT_THAT(Ask("quantile(7, up)")->warnings, ElementsAre(HasSubstr("quantile value")));
  EXPECT_THAT(Ask("rate(up[5m])")->infos, ElementsAre(HasSubstr("might not be a counter")));
}

TEST_F(PromqlForSqlTest, HistogramsAsCountValuesShowsThem) {
  FloatHistogram histogram;
  histogram.count = 2;
  histogram.sum = 3;
  histogram.positive = {{1, 2}};
  EXPECT_EQ(engine_.HistogramText(histogram), "{count:2, sum:3, (1,2]:2}");
}

}  // namespace
}  // namespace luma::server
