#include "promql/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace luma::promql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ExprPtr Must(std::string_view query) {
  Result<ExprPtr> expr = Parse(query);
  EXPECT_TRUE(expr.ok()) << query << ": " << expr.status();
  return expr.ok() ? *std::move(expr) : nullptr;
}

template <typename Node>
Node MustBe(std::string_view query) {
  ExprPtr expr = Must(query);
  EXPECT_TRUE(expr != nullptr && std::holds_alternative<Node>(expr->node)) << query;
  return std::move(std::get<Node>(expr->node));
}

std::string Error(std::string_view query) {
  const Result<ExprPtr> expr = Parse(query);
  return expr.ok() ? "no error" : std::string(expr.status().message());
}

std::vector<std::string> Texts(const Matchers& matchers) {
  std::vector<std::string> texts;
  for (const Matcher& matcher : matchers) texts.push_back(matcher.ToString());
  return texts;
}

TEST(ParserTest, Numbers) {
  EXPECT_EQ(MustBe<NumberLiteral>("1").value, 1);
  EXPECT_EQ(MustBe<NumberLiteral>(".5").value, 0.5);
  EXPECT_EQ(MustBe<NumberLiteral>("5.").value, 5);
  EXPECT_EQ(MustBe<NumberLiteral>("1e-3").value, 0.001);
  EXPECT_EQ(MustBe<NumberLiteral>("0x1F").value, 31);
  EXPECT_EQ(MustBe<NumberLiteral>("1_000").value, 1000);
  EXPECT_EQ(MustBe<NumberLiteral>("1h30m").value, 5400);
  EXPECT_EQ(MustBe<NumberLiteral>("1e400").value, HUGE_VAL);
  EXPECT_TRUE(std::isnan(MustBe<NumberLiteral>("NaN").value));
  EXPECT_EQ(MustBe<NumberLiteral>("iNf").value, HUGE_VAL);
}

TEST(ParserTest, Strings) {
  EXPECT_EQ(MustBe<StringLiteral>(R"("a\n\"\x41\101\u00e9\U0001F600")").value,
            "a\n\"AA\xc3\xa9\xf0\x9f\x98\x80");
  EXPECT_EQ(MustBe<StringLiteral>(R"('it\'s "x"')").value, "it's \"x\"");
  EXPECT_EQ(MustBe<StringLiteral>("`raw \\n\n`").value, "raw \\n\n");
}

TEST(ParserTest, SelectorsWithAllMatchers) {
  EXPECT_THAT(Texts(MustBe<VectorSelector>(R"(up{a="1",b!="2",c=~"3.*",d!~'4',})").matchers),
              ElementsAre(R"(__name__="up")", R"(a="1")", R"(b!="2")", R"(c=~"3.*")", R"(d!~"4")"));
  EXPECT_THAT(Texts(MustBe<VectorSelector>(R"({"my.metric", "a label"="x"})").matchers),
              ElementsAre(R"(__name__="my.metric")", R"(a label="x")"));
  EXPECT_THAT(Texts(MustBe<VectorSelector>("job:rate:sum").matchers),
              ElementsAre(R"(__name__="job:rate:sum")"));
  EXPECT_THAT(Texts(MustBe<VectorSelector>(R"({sum="x",by="y",inf="z"})").matchers),
              ElementsAre(R"(sum="x")", R"(by="y")", R"(inf="z")"));
  EXPECT_THAT(Texts(MustBe<VectorSelector>("sum").matchers), ElementsAre(R"(__name__="sum")"));
}

TEST(ParserTest, RangesOffsetsAndAt) {
  const auto matrix = MustBe<MatrixSelector>("up[5m] offset 1h @ 12.5");
  EXPECT_EQ(matrix.range.ms, 300'000);
  EXPECT_EQ(matrix.vector.shift.offset.ms, 3'600'000);
  EXPECT_EQ(matrix.vector.shift.at.time, 12'500);
  EXPECT_EQ(MustBe<VectorSelector>("up offset -1m").shift.offset.ms, -60'000);
  EXPECT_EQ(MustBe<VectorSelector>("up @ end() offset 5").shift.at.kind, AtModifier::Kind::kEnd);
  EXPECT_EQ(MustBe<MatrixSelector>("up[300]").range.ms, 300'000);
  const auto subquery = MustBe<Subquery>("rate(up[1m])[1h:30s] offset 1d");
  EXPECT_EQ(subquery.range.ms, 3'600'000);
  EXPECT_EQ(subquery.step->ms, 30'000);
  EXPECT_EQ(subquery.shift.offset.ms, 86'400'000);
  EXPECT_EQ(MustBe<Subquery>("up[1h:]").step.has_value(), false);
}

TEST(ParserTest, PrecedenceAndAssociativity) {
  const auto sum = MustBe<Binary>("1 + 2 * 3 ^ 4");
  EXPECT_EQ(sum.op, BinaryOp::kAdd);
  EXPECT_EQ(std::get<Binary>(sum.right->node).op, BinaryOp::kMultiply);
  const auto left = MustBe<Binary>("1 - 2 - 3");
  EXPECT_TRUE(std::holds_alternative<Binary>(left.left->node));
  const auto right = MustBe<Binary>("2 ^ 3 ^ 4");
  EXPECT_TRUE(std::holds_alternative<Binary>(right.right->node));
  EXPECT_TRUE(std::holds_alternative<UnaryMinus>(Must("-1 ^ 2")->node));
  EXPECT_TRUE(std::holds_alternative<Binary>(Must("-1 * 2")->node));
  EXPECT_EQ(MustBe<Binary>("a or b and c unless d").op, BinaryOp::kOr);
  EXPECT_TRUE(std::holds_alternative<UnaryMinus>(MustBe<Binary>("2 ^ -1").right->node));
}

TEST(ParserTest, VectorMatching) {
  const auto binary = MustBe<Binary>("a / on(x, y) group_left(z) b");
  EXPECT_TRUE(binary.matching.on);
  EXPECT_THAT(binary.matching.labels, ElementsAre("x", "y"));
  EXPECT_EQ(binary.matching.grouping, Grouping::kLeft);
  EXPECT_THAT(binary.matching.include, ElementsAre("z"));
  EXPECT_TRUE(MustBe<Binary>("a == bool 1").return_bool);
  EXPECT_EQ(MustBe<Binary>("a * ignoring() group_right b").matching.grouping, Grouping::kRight);
}

TEST(ParserTest, AggregationsAndCalls) {
  const auto before = MustBe<Aggregate>("sum by (a, \"b.c\") (x)");
  const auto after = MustBe<Aggregate>("SUM(x) without (a)");
  EXPECT_THAT(before.labels, ElementsAre("a", "b.c"));
  EXPECT_TRUE(after.without);
  EXPECT_TRUE(MustBe<Aggregate>("topk(5, x)").parameter != nullptr);
  EXPECT_EQ(MustBe<Call>("rate(x[5m])").function->name, "rate");
  EXPECT_EQ(MustBe<Call>("round(x)").arguments.size(), 1u);
  EXPECT_EQ(MustBe<Call>(R"(label_join(x, "a", ",", "b", "c", "d"))").arguments.size(), 6u);
  EXPECT_EQ(MustBe<Call>("time()").function->result, ValueType::kScalar);
}

TEST(ParserTest, FillsAndEdges) {
  const auto both = MustBe<Binary>("a + on(x) fill_left(1) fill_right(-2) fill");
  EXPECT_EQ(both.matching.fill_left, 1);
  EXPECT_EQ(both.matching.fill_right, -2);
  EXPECT_EQ(MustBe<Binary>("a + fill").matching.fill_left, std::nullopt);
  EXPECT_EQ(MustBe<MatrixSelector>("a[5m] anchored").vector.edges, RangeEdges::kAnchored);
  EXPECT_EQ(MustBe<VectorSelector>("a offset 5m smoothed").edges, RangeEdges::kSmoothed);
  EXPECT_THAT(Error("a anchored"), HasSubstr("can only be used on range selectors"));
  EXPECT_THAT(Error("a[5m] anchored smoothed"), HasSubstr("cannot be used together"));
  EXPECT_THAT(Error("sum(a) smoothed"), HasSubstr("must be preceded by a selector"));
}

TEST(ParserTest, OnlyInfoMayListLabelsThatMatchEverything) {
  EXPECT_NE(Must("info(m, {a=~\".*\"})"), nullptr);
  EXPECT_THAT(Error("info({a=~\".*\"}, {b=~\".*\"})"), HasSubstr("at least one non-empty"));
  EXPECT_THAT(Error("info(m, {a=~\".*\"}) + {b=~\".*\"}"), HasSubstr("at least one non-empty"));
}

TEST(ParserTest, CommentsAndSpace) { EXPECT_NE(Must("# first\n 1 # one\n+\t1"), nullptr); }

TEST(ParserTest, ErrorsSayWhereAndWhat) {
  const struct {
    std::string_view query, error;
  } cases[] = {
      {"", "1:1: parse error: no expression found in input"},
      {"up{", "1:4: parse error: unexpected end of input in label matching"},
      {"1 +", "1:4: parse error: unexpected end of input"},
      {"1 +\n  )", "2:3: parse error: unexpected \")\""},
      {"up[5m", "1:6: parse error: unexpected end of input in range or subquery selector"},
      {"foo(1)", "1:1: parse error: unknown function with name \"foo\""},
      {"rate(up)",
       "1:1: parse error: expected type range vector in call to function \"rate\", got instant "
       "vector"},
      {"rate()", "1:1: parse error: expected 1 argument(s) in call to \"rate\", got 0"},
      {"sum(up[5m])",
       "1:1: parse error: expected type instant vector in aggregation expression, got range "
       "vector"},
      {"topk(up)",
       "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, "
       "got 1"},
      {"1 == 1", "1:1: parse error: comparisons between scalars must use BOOL modifier"},
      {"1 and up",
       "1:1: parse error: set operator \"and\" not allowed in binary scalar expression"},
      {"up + bool up", "bool modifier can only be used on comparison operators"},
      {"up and on(a) group_left up", "no grouping allowed for \"and\" operation"},
      {"{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"},
      {"{a=~\".*\"}", "vector selector must contain at least one non-empty matcher"},
      {"up{a=~\"(\"}", "1:4: parse error: error parsing regexp"},
      {"up{__name__=\"down\"}", "metric name must not be set twice: \"up\" or \"down\""},
      {"up[0s]", "duration must be greater than 0"},
      {"up[1m1h]", "1:4: parse error: bad number or duration syntax: \"1m1h\""},
      {"(1)[5m]", "ranges only allowed for vector selectors"},
      {"up offset 1m offset 1m", "offset may not be set multiple times"},
      {"sum(up) offset 1m", "offset modifier must be preceded by"},
      {"up offset 99999999999999y", "1:11: parse error: bad number or duration syntax"},
      {"up @ Inf", "duration or timestamp out of range"},
      {"\"abc", "1:1: parse error: unterminated quoted string"},
      {"\"\\q\"", "unknown escape sequence"},
      {"-\"a\"", "unary expression only allowed on expressions of type scalar or instant vector"},
      {"up \xc3\xa9", "1:4: parse error: unexpected character: '\xc3\xa9'"},
      {"on", "1:1: parse error: unexpected identifier \"on\""},
      {"1 2", "1:3: parse error: unexpected number \"2\""},
  };
  for (const auto& test : cases)
    EXPECT_THAT(Error(test.query), HasSubstr(test.error)) << test.query;
}

TEST(ParserTest, DepthAndLengthAreBounded) {
  const std::string deep = std::string(20000, '(') + "1" + std::string(20000, ')');
  EXPECT_THAT(Error(deep), HasSubstr("nested too deeply"));
  EXPECT_THAT(Error(std::string(50000, '-') + "1"), HasSubstr("nested too deeply"));
  std::string chain = "1";
  for (int i = 0; i < 5000; ++i) chain += "+1";
  EXPECT_THAT(Error(chain), HasSubstr("nested too deeply"));
  EXPECT_EQ(Parse(std::string(kQueryBytesMax + 1, '1')).status().code(), StatusCode::kTooLarge);
  EXPECT_NE(Must(std::string(200, '(') + "1" + std::string(200, ')')), nullptr);
}

TEST(ParserTest, SelectorsOfMatchParameters) {
  EXPECT_THAT(Texts(ParseSelector("up{a=\"b\"}").value()),
              ElementsAre(R"(__name__="up")", R"(a="b")"));
  for (const std::string_view bad : {"", "5", "up[5m]", "up offset 1m", "sum(up)", "{}"}) {
    EXPECT_EQ(ParseSelector(bad).status().code(), StatusCode::kSyntaxError) << bad;
  }
}

}  // namespace
}  // namespace luma::promql
