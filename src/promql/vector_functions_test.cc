#include "promql/vector_functions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "promql/sort_functions.h"
#include "promql/testing/query_fixture.h"

namespace luma::promql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class VectorFunctionsTest : public QueryFixture {};

TEST_F(VectorFunctionsTest, MathOfSingleValues) {
  Load("m", {-2.5});
  EXPECT_EQ(At(0, "abs(m)"), "{} 2.5");
  EXPECT_EQ(At(0, "ceil(m)"), "{} -2");
  EXPECT_EQ(At(0, "floor(m)"), "{} -3");
  EXPECT_EQ(At(0, "round(m)"), "{} -2");
  EXPECT_EQ(At(0, "round(m, 2)"), "{} -2");
  EXPECT_EQ(At(0, "sgn(m)"), "{} -1");
  EXPECT_EQ(At(0, "clamp(m, -1, 1)"), "{} -1");
  EXPECT_EQ(At(0, "clamp(m, 1, -1)"), "");
  EXPECT_EQ(At(0, "clamp_min(m, NaN)"), "{} NaN");
  EXPECT_EQ(At(0, "clamp_max(m, -3)"), "{} -3");
  EXPECT_EQ(At(0, "deg(rad(m))"), "{} -2.5");
  EXPECT_EQ(At(0, "sqrt(vector(16)) + exp(vector(0)) + log2(vector(8))"), "{} 8");
}

TEST_F(VectorFunctionsTest, ScalarsOfTheQuery) {
  EXPECT_EQ(At(3, "time()"), "180");
  EXPECT_EQ(Over(1, 2, "end() - start() + step() + range()"), "{} 180 180");
  EXPECT_EQ(At(0, "step()"), "0");
  EXPECT_EQ(At(0, "min_of(3, max_of(1, 2))"), "2");
  EXPECT_EQ(At(0, "max_of(NaN, 1)"), "NaN");
  Load(R"(m{a="1"})", {7});
  EXPECT_EQ(At(0, "scalar(m)"), "7");
  Load(R"(m{a="2"})", {8});
  EXPECT_EQ(At(0, "scalar(m)"), "NaN");
}

TEST_F(VectorFunctionsTest, CalendarsAreInUtc) {
  EXPECT_EQ(At(0, "year(vector(951782400))"), "{} 2000");  // 2000-02-29, a Tuesday
  EXPECT_EQ(At(0, "month(vector(951782400))"), "{} 2");
  EXPECT_EQ(At(0, "day_of_month(vector(951782400))"), "{} 29");
  EXPECT_EQ(At(0, "day_of_week(vector(951782400))"), "{} 2");
  EXPECT_EQ(At(0, "day_of_year(vector(951782400))"), "{} 60");
  EXPECT_EQ(At(0, "days_in_month(vector(951782400))"), "{} 29");
  EXPECT_EQ(At(0, "hour(vector(-1))"), "{} 23");
  EXPECT_EQ(At(61, "minute()"), "{} 1");
  EXPECT_EQ(At(0, "year(vector(1e300))"), "{} NaN");
}

TEST_F(VectorFunctionsTest, TimestampIsOfTheSampleOrOfTheEvaluation) {
  Load("m", {1});
  EXPECT_EQ(At(2, "timestamp(m)"), "{} 0");
  EXPECT_EQ(At(2, "timestamp(m + 0)"), "{} 120");
  EXPECT_EQ(At(2, "timestamp(timestamp(m))"), "{} 120");
}

TEST_F(VectorFunctionsTest, LabelsAreReplaced) {
  Load(R"(m{src="abc-12"})", {1});
  EXPECT_EQ(At(0, R"q(label_replace(m, "dst", "$2:${name}$$", "src", "(?P<name>.*)-(.*)"))q"),
            R"(m{dst="12:abc$", src="abc-12"} 1)");
  EXPECT_EQ(At(0, R"(label_replace(m, "dst", "x", "src", "abc"))"), R"(m{src="abc-12"} 1)");
  EXPECT_EQ(At(0, R"(label_replace(m, "src", "", "src", ".*"))"), "m 1");
  EXPECT_EQ(At(0, R"(label_replace(-m, "__name__", "n", "", ""))"), R"(n{src="abc-12"} -1)");
  EXPECT_THAT(At(0, R"(label_replace(m, "a", "b", "c", "("))"),
              HasSubstr("invalid regular expression in label_replace()"));
  EXPECT_THAT(At(0, R"(label_replace(m, "", "b", "c", ""))"),
              HasSubstr("invalid destination label name"));
}

TEST_F(VectorFunctionsTest, LabelsAreJoined) {
  Load(R"(m{a="1",b="2"})", {1});
  EXPECT_EQ(At(0, R"(label_join(m, "c", "-", "a", "x", "b"))"), R"(m{a="1", b="2", c="1--2"} 1)");
  EXPECT_EQ(At(0, R"(label_join(m, "a", ","))"), R"(m{b="2"} 1)");
  Load(R"(m{a="2",b="2"})", {1});
  EXPECT_THAT(At(0, R"(label_join(m, "a", "", "b"))"), HasSubstr("same labelset"));
}

TEST_F(VectorFunctionsTest, InstantAnswersAreSorted) {
  Load(R"(m{i="10"})", {2});
  Load(R"(m{i="9"})", {std::nan("")});
  Load(R"(m{i="100"})", {1});
  EXPECT_EQ(At(0, "sort(m)"), R"(m{i="100"} 1; m{i="10"} 2; m{i="9"} NaN)");
  EXPECT_EQ(At(0, "sort_desc(m)"), R"(m{i="10"} 2; m{i="100"} 1; m{i="9"} NaN)");
  EXPECT_EQ(At(0, R"(sort_by_label(m, "i"))"), R"(m{i="9"} NaN; m{i="10"} 2; m{i="100"} 1)");
  EXPECT_EQ(At(0, R"(sort_by_label_desc(m, "i"))"), R"(m{i="100"} 1; m{i="10"} 2; m{i="9"} NaN)");
  EXPECT_LT(CompareNaturally("4m5", "4m600"), 0);
  EXPECT_GT(CompareNaturally("b1", "a2"), 0);
  EXPECT_EQ(CompareNaturally("x01", "x1"), 0);
}

TEST_F(VectorFunctionsTest, ClassicHistogramsHaveQuantiles) {
  Load(R"(h_bucket{le="1"})", {2});
  Load(R"(h_bucket{le="2"})", {6});
  Load(R"(h_bucket{le="+Inf"})", {8});
  EXPECT_EQ(At(0, "histogram_quantile(0.5, h_bucket)"), "{} 1.5");
  EXPECT_EQ(At(0, "histogram_quantile(0.9, h_bucket)"), "{} 2");
  EXPECT_EQ(At(0, "histogram_quantile(0.125, h_bucket)"), "{} 0.5");
  EXPECT_EQ(At(0, "histogram_fraction(0, 1.5, h_bucket)"), "{} 0.5");
  EXPECT_EQ(At(0, "histogram_fraction(-Inf, +Inf, h_bucket)"), "{} 1");
  EXPECT_EQ(At(0, R"(histogram_quantiles(h_bucket, "q", 0.5, 1))"),
            R"({q="0.5"} 1.5; {q="1.0"} 2)");
  EXPECT_EQ(At(0, "histogram_count(h_bucket)"), "");
  Load(R"(h_bucket{le="3"})", {5});
  EXPECT_THAT(Ask(0, "histogram_quantile(0.5, h_bucket)").infos,
              ElementsAre(HasSubstr("needed to be fixed for monotonicity")));
  Load(R"(h_bucket{le="x"})", {5});
  EXPECT_THAT(Ask(0, "histogram_quantile(0.5, h_bucket)").warnings,
              ElementsAre("PromQL warning: bucket label \"le\" is missing or has a malformed value "
                          "of \"x\" for metric name \"h_bucket\""));
}

TEST_F(VectorFunctionsTest, InfoJoinsTheLabelsOfTheTarget) {
  Load(R"(m{instance="i",job="j"})", {1, 2});
  Load(R"(target_info{instance="i",job="j",version="1"})", {1, kStaleNan});
  EXPECT_EQ(Over(0, 1, "info(m)"),
            R"(m{instance="i", job="j"} _ 2; m{instance="i", job="j", version="1"} 1 _)");
  EXPECT_EQ(Over(0, 1, R"(info(m, {version=~".+"}))"),
            R"(m{instance="i", job="j", version="1"} 1 _)");
  EXPECT_EQ(At(0, R"(info(m, {none=~".*"}))"), R"(m{instance="i", job="j"} 1)");
  Load(R"(build_info{instance="i",job="j",version="2"})", {1});
  EXPECT_THAT(At(0, R"(info(m, {__name__=~".+_info"}))"), HasSubstr("conflicting label: version"));
  EXPECT_THAT(At(0, "info(m, m + m)"), HasSubstr("expected label selectors"));
}

}  // namespace
}  // namespace luma::promql
