#include "promql/duration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "promql/parser.h"

namespace luma::promql {
namespace {

using testing::HasSubstr;

// Of the range of a selector, in a query over 100 s with a step of 10 s.
int64_t RangeMillis(std::string_view range) {
  const ExprPtr expr = Parse("m[" + std::string(range) + "]").value();
  return ResolveLength(std::get<MatrixSelector>(expr->node).range, 10'000, 100'000).value();
}

std::string Error(std::string_view query) { return std::string(Parse(query).status().message()); }

TEST(DurationTest, ExpressionsFollowTheUsualPrecedence) {
  EXPECT_EQ(RangeMillis("1m + 2 * 3s"), 66'000);
  EXPECT_EQ(RangeMillis("(1m + 2) * 3"), 186'000);
  EXPECT_EQ(RangeMillis("2 ^ 3 ^ 2"), 512'000);
  EXPECT_EQ(RangeMillis("-1m + 90s"), 30'000);
  EXPECT_EQ(RangeMillis("1m % 50s"), 10'000);
  EXPECT_EQ(RangeMillis("1500ms / 2"), 750);
}

TEST(DurationTest, StepAndRangeComeFromTheQuery) {
  EXPECT_EQ(RangeMillis("step()"), 10'000);
  EXPECT_EQ(RangeMillis("range() - step()"), 90'000);
  EXPECT_EQ(RangeMillis("max(step(), 1m)"), 60'000);
  EXPECT_EQ(RangeMillis("min_of(step(), 5)"), 5'000);
}

TEST(DurationTest, AnOffsetTakesOneOperandOnly) {
  const auto offset = [](std::string_view text) {
    const ExprPtr expr = Parse("m offset " + std::string(text)).value();
    return ResolveDuration(std::get<VectorSelector>(expr->node).shift.offset, 10'000, 0).value();
  };
  EXPECT_EQ(offset("-5m"), -300'000);
  EXPECT_EQ(offset("(1m + 1)"), 61'000);
  EXPECT_EQ(offset("-step()"), -10'000);
  EXPECT_TRUE(std::holds_alternative<Binary>(Parse("m offset 5m ^ 2").value()->node));
}

TEST(DurationTest, ErrorsAreFoundWhenTheyCanBe) {
  EXPECT_THAT(Error("m[1m - 1m]"), HasSubstr("duration must be greater than 0"));
  EXPECT_THAT(Error("m[1m / 0]"), HasSubstr("division by zero"));
  EXPECT_THAT(Error("m[5m:1m - 60]"), HasSubstr("duration must be greater than 0"));
  EXPECT_THAT(Error("m[" + std::string(500, '(') + "1m]"), HasSubstr("nested too deeply"));
  const ExprPtr late = Parse("m[step() - 10]").value();
  const Duration& range = std::get<MatrixSelector>(late->node).range;
  EXPECT_EQ(ResolveLength(range, 10'000, 0).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace luma::promql
