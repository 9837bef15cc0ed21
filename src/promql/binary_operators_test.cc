// Operators between vectors, and between vectors and scalars.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "promql/testing/query_fixture.h"

namespace luma::promql {
namespace {

using testing::HasSubstr;

class BinaryOperatorsTest : public QueryFixture {
 protected:
  BinaryOperatorsTest() {
    Load(R"(errors{job="a",code="4"})", {1, 2});
    Load(R"(errors{job="a",code="5"})", {3, 4});
    Load(R"(errors{job="b",code="4"})", {5, 6});
    Load(R"(total{job="a",team="x"})", {10, 20});
    Load(R"(total{job="c",team="y"})", {30, 40});
  }
};

TEST_F(BinaryOperatorsTest, ScalarsApplyToEveryElementAndDropTheName) {
  EXPECT_EQ(At(0, "total * 2"), R"({job="a", team="x"} 20; {job="c", team="y"} 60)");
  EXPECT_EQ(At(0, "20 - total"), R"({job="a", team="x"} 10; {job="c", team="y"} -10)");
  EXPECT_EQ(At(0, "total > 10"), R"(total{job="c", team="y"} 30)");
  EXPECT_EQ(At(0, "10 >= total"), R"(total{job="a", team="x"} 10)");
  EXPECT_EQ(At(0, "total > bool 10"), R"({job="a", team="x"} 0; {job="c", team="y"} 1)");
}

TEST_F(BinaryOperatorsTest, OneToOneMatchesOnLabels) {
  EXPECT_EQ(At(0, "total - total"), R"({job="a", team="x"} 0; {job="c", team="y"} 0)");
  EXPECT_EQ(At(0, R"(errors{code="4"} / on(job) total)"), R"({job="a"} 0.1)");
  EXPECT_EQ(At(0, R"(total > ignoring(team, code) errors{code="5"})"), R"(total{job="a"} 10)");
  EXPECT_EQ(At(0, "total == total"), R"(total{job="a", team="x"} 10; total{job="c", team="y"} 30)");
}

TEST_F(BinaryOperatorsTest, GroupSidesCopyLabels) {
  EXPECT_EQ(At(0, "errors / on(job) group_left(team) total"),
            R"({code="4", job="a", team="x"} 0.1; {code="5", job="a", team="x"} 0.3)");
  EXPECT_EQ(At(0, "total / on(job) group_right errors"),
            R"({code="4", job="a"} 10; {code="5", job="a"} 3.3333333333333335)");
}

TEST_F(BinaryOperatorsTest, MatchingMustBeUnique) {
  EXPECT_THAT(At(0, "errors / on(job) total"), HasSubstr("many-to-one matching must be explicit"));
  EXPECT_THAT(At(0, "errors > on(job) total"), HasSubstr("many-to-one matching must be explicit"));
  EXPECT_THAT(At(0, "total / on(job) errors"),
              HasSubstr("found duplicate series for the match group {job=\"a\"} on the right"));
  EXPECT_THAT(At(0, "total * on() group_left errors"), HasSubstr("many-to-many"));
  EXPECT_THAT(At(0, "sum by (job, __name__) ({job=\"a\"}) + on(job) group_left vector(1)"), "");
}

// Goal: series of one group that are present at different steps do not disturb each other.
TEST_F(BinaryOperatorsTest, UniquenessIsAskedStepByStep) {
  const double kNone = kStaleNan;
  Load(R"(left{a="1"})", {1, kNone});
  Load(R"(left{a="2"})", {kNone, 2});
  Load("right", {10, 20});
  EXPECT_EQ(Over(0, 1, "left + on() right"), "{} 11 22");
  EXPECT_EQ(Over(0, 1, "right + on() left"), "{} 11 22");
}

TEST_F(BinaryOperatorsTest, MissingSeriesAreFilled) {
  EXPECT_EQ(At(0, "sum by (job) (errors) + fill(0) sum by (job) (total)"),
            R"({job="a"} 14; {job="b"} 5; {job="c"} 30)");
  EXPECT_EQ(At(0, "sum by (job) (errors) + fill_right(0) sum by (job) (total)"),
            R"({job="a"} 14; {job="b"} 5)");
  EXPECT_EQ(At(0, "errors + on(job) group_left fill_left(-1) total"),
            R"({code="4", job="a"} 11; {code="5", job="a"} 13; {job="c"} 29)");
  EXPECT_THAT(At(0, "errors and fill(0) total"), HasSubstr("not allowed for set operators"));
  EXPECT_THAT(At(0, "errors + fill(0) 1"), HasSubstr("only allowed between instant vectors"));
}

TEST_F(BinaryOperatorsTest, SetOperatorsCompareLabelsOnly) {
  EXPECT_EQ(At(0, "errors and on(job) total"),
            R"(errors{code="4", job="a"} 1; errors{code="5", job="a"} 3)");
  EXPECT_EQ(At(0, "errors unless on(job) total"), R"(errors{code="4", job="b"} 5)");
  EXPECT_EQ(
      At(0, "total or on(job) errors"),
      R"(total{job="a", team="x"} 10; total{job="c", team="y"} 30; errors{code="4", job="b"} 5)");
  EXPECT_EQ(Over(0, 1, R"(total{job="a"} > 15 or total{job="a"} * 0)"),
            R"(total{job="a", team="x"} _ 20; {job="a", team="x"} 0 _)");
}

TEST_F(BinaryOperatorsTest, EqualLabelsAfterNegationJoinAcrossSteps) {
  Load("first", {1, kStaleNan});
  Load("second", {3, 4});
  EXPECT_EQ(Over(0, 1, "-first or -second"), "{} -1 -4");
  EXPECT_THAT(At(0, R"(-{__name__=~"first|second"})"), HasSubstr("same labelset"));
}

}  // namespace
}  // namespace luma::promql
