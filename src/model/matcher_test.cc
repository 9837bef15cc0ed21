#include "model/matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace luma {
namespace {

Matcher Must(MatchOp op, std::string value) {
  return Matcher::Create("job", op, std::move(value)).value();
}

TEST(MatcherTest, EqualityTreatsAbsentAsEmpty) {
  EXPECT_TRUE(Must(MatchOp::kEqual, "a").Matches("a"));
  EXPECT_FALSE(Must(MatchOp::kEqual, "a").Matches(""));
  EXPECT_TRUE(Must(MatchOp::kNotEqual, "a").MatchesEmpty());
  EXPECT_FALSE(Must(MatchOp::kNotEqual, "").MatchesEmpty());
}

TEST(MatcherTest, RegularExpressionsAreAnchoredAndDotMatchesNewlines) {
  EXPECT_TRUE(Must(MatchOp::kRegex, "a.c").Matches("a\nc"));
  EXPECT_FALSE(Must(MatchOp::kRegex, "b").Matches("abc"));
  EXPECT_TRUE(Must(MatchOp::kRegex, "a|b").Matches("b"));
  EXPECT_FALSE(Must(MatchOp::kRegex, "a|b").Matches("ab"));
  EXPECT_TRUE(Must(MatchOp::kNotRegex, "a.*").Matches("b"));
}

TEST(MatcherTest, LiteralAlternativesAreListed) {
  EXPECT_THAT(Must(MatchOp::kRegex, "a|b|").literals(), testing::ElementsAre("a", "b", ""));
  EXPECT_THAT(Must(MatchOp::kRegex, "a.*|b").literals(), testing::IsEmpty());
  EXPECT_THAT(Must(MatchOp::kNotRegex, "a|b").literals(), testing::IsEmpty());
  EXPECT_THAT(Must(MatchOp::kEqual, "a|b").literals(), testing::ElementsAre("a|b"));
}

TEST(MatcherTest, BadAndHugeExpressionsAreRefused) {
  EXPECT_EQ(Matcher::Create("a", MatchOp::kRegex, "(").status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Matcher::Create("a", MatchOp::kRegex, "((a{1,1000}){1,1000}){1,1000}").status().code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace luma
