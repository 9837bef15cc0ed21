#include "promql/aggregation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "promql/testing/query_fixture.h"

namespace luma::promql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class AggregationTest : public QueryFixture {
 protected:
  AggregationTest() {
    Load(R"(m{job="a",i="1"})", {1, 10});
    Load(R"(m{job="a",i="2"})", {3, kStaleNan});
    Load(R"(m{job="b",i="1"})", {5, 20});
  }
};

TEST_F(AggregationTest, GroupsByAndWithout) {
  EXPECT_EQ(At(0, "sum(m)"), "{} 9");
  EXPECT_EQ(At(0, "sum by (job, none) (m)"), R"({job="a"} 4; {job="b"} 5)");
  EXPECT_EQ(At(0, "sum without (job) (m)"), R"({i="1"} 6; {i="2"} 3)");
  EXPECT_EQ(At(0, "sum by (__name__) (m)"), "m 9");
  EXPECT_EQ(Over(0, 1, "count by (job) (m)"), R"({job="a"} 2 1; {job="b"} 1 1)");
  EXPECT_EQ(At(0, "sum(none)"), "");
}

TEST_F(AggregationTest, EveryOperator) {
  EXPECT_EQ(At(0, "avg(m)"), "{} 3");
  EXPECT_EQ(At(0, "min(m)"), "{} 1");
  EXPECT_EQ(At(0, "max(m)"), "{} 5");
  EXPECT_EQ(At(0, "group(m)"), "{} 1");
  EXPECT_EQ(At(0, "stdvar(m)"), "{} 2.6666666666666665");
  EXPECT_EQ(At(0, "stddev(m) ^ 2"), "{} 2.6666666666666665");
  EXPECT_EQ(At(0, "quantile(0.75, m)"), "{} 4");
  EXPECT_EQ(At(0, R"(count_values("v", m > bool 2))"), R"({v="0"} 1; {v="1"} 2)");
  EXPECT_EQ(At(0, R"(count_values by (job) ("job", m))"),
            R"({job="1"} 1; {job="3"} 1; {job="5"} 1)");
  EXPECT_THAT(At(0, "count_values(\"a\\xc5z\", m)"), HasSubstr("invalid label name \"a\\xc5z\""));
}

TEST_F(AggregationTest, SumsAreCompensatedAndMeansDoNotOverflow) {
  Load(R"(big{i="1"})", {1e100, 9e307});
  Load(R"(big{i="2"})", {1, 9e307});
  Load(R"(big{i="3"})", {-1e100, 9e307});
  EXPECT_EQ(At(0, "sum(big)"), "{} 1");
  EXPECT_EQ(At(1, "avg(big) / 1e307"), "{} 9");
  EXPECT_EQ(At(1, "sum(big)"), "{} +Inf");
}

TEST_F(AggregationTest, RankingIsOrderedAndPutsNanLast) {
  Load(R"(m{job="n"})", {std::nan(""), 0});
  EXPECT_EQ(At(0, "topk(2, m)"), R"(m{i="1", job="b"} 5; m{i="2", job="a"} 3)");
  EXPECT_EQ(At(0, "bottomk(1, m)"), R"(m{i="1", job="a"} 1)");
  EXPECT_EQ(At(0, R"(topk(1, m{job="n"}))"), R"(m{job="n"} NaN)");
  EXPECT_EQ(At(0, "topk by (job) (1, m)"),
            R"(m{i="2", job="a"} 3; m{i="1", job="b"} 5; m{job="n"} NaN)");
  EXPECT_EQ(At(0, "topk(0, m)"), "");
  EXPECT_EQ(At(0, "limitk(1, m)"), R"(m{i="1", job="a"} 1)");
  EXPECT_EQ(At(0, "topk(NaN, m)"), "Parameter value is NaN");
  EXPECT_THAT(At(0, "topk(1e19, m)"), HasSubstr("overflows int64"));
  EXPECT_EQ(Over(0, 1, R"(topk(scalar(m{job="b"}) - 4, m))"),
            R"(m{i="1", job="a"} _ 10; m{i="1", job="b"} 5 20; m{job="n"} _ 0)");
}

TEST_F(AggregationTest, RatiosSplitTheSeries) {
  for (int i = 0; i < 100; ++i) Load("many{i=\"" + std::to_string(i) + "\"}", {1});
  EXPECT_EQ(At(0, "count(limit_ratio(1, many))"), "{} 100");
  EXPECT_EQ(At(0, "count(limit_ratio(0.3, many) or limit_ratio(-0.7, many))"), "{} 100");
  EXPECT_EQ(At(0, "limit_ratio(0.3, many) and limit_ratio(-0.7, many)"), "");
  EXPECT_THAT(Ask(0, "limit_ratio(2, many)").warnings,
              ElementsAre("PromQL warning: ratio value should be between -1 and 1, got 2, capping "
                          "to 1"));
}

TEST_F(AggregationTest, TheNameThatIsToGoStaysGone) {
  EXPECT_EQ(At(0, "topk(1, -m)"), R"({i="1", job="a"} -1)");
  EXPECT_EQ(At(0, "sum by (__name__) (-m)"), "{} -9");
  EXPECT_THAT(Ask(0, "quantile(2, m)").warnings,
              ElementsAre("PromQL warning: quantile value should be between 0 and 1, got 2"));
}

}  // namespace
}  // namespace luma::promql
