#include "prom/time_parameter.h"

#include <gtest/gtest.h>

#include <limits>

#include "prom/label_name_escape.h"

namespace luma::prom {
namespace {

TEST(TimeParameterTest, SecondsAndRfc3339) {
  EXPECT_EQ(ParseTimeParameter("1435781451.781").value(), 1435781451781);
  EXPECT_EQ(ParseTimeParameter("1e3").value(), 1'000'000);
  EXPECT_EQ(ParseTimeParameter("-1").value(), -1000);
  EXPECT_EQ(ParseTimeParameter("2015-07-01T20:10:51.781Z").value(), 1435781451781);
  EXPECT_EQ(ParseTimeParameter("2015-07-01T20:10:51.7815555Z").value(), 1435781451781);
  EXPECT_EQ(ParseTimeParameter("2015-07-01T22:10:51+02:00").value(), 1435781451000);
  EXPECT_EQ(ParseTimeParameter("1969-12-31T23:59:59Z").value(), -1000);
}

TEST(TimeParameterTest, BeginningAndEndOfTime) {
  EXPECT_LT(ParseTimeParameter("-292273086-05-16T16:47:06Z").value(), -9'000'000'000'000'000'000);
  EXPECT_GT(ParseTimeParameter("+292277025-08-18T07:12:54.999999999Z").value(),
            9'000'000'000'000'000'000);
}

TEST(TimeParameterTest, RefusesTheRest) {
  for (const std::string_view bad :
       {"", "x", "NaN", "Inf", "1e300", "2015-07-01", "2015-13-01T00:00:00Z",
        "2015-02-30T00:00:00Z", "2015-07-01T24:00:00Z", "2015-07-01T20:10:51",
        "2015-07-01T20:10:51.Z", "1 "}) {
    EXPECT_EQ(ParseTimeParameter(bad).status().code(), StatusCode::kInvalidArgument) << bad;
  }
  EXPECT_EQ(ParseTimeParameter("x").status().message(), "cannot parse \"x\" to a valid timestamp");
}

TEST(TimeParameterTest, Durations) {
  EXPECT_EQ(ParseDurationParameter("15").value(), 15'000);
  EXPECT_EQ(ParseDurationParameter("0.5").value(), 500);
  EXPECT_EQ(ParseDurationParameter("1m30s").value(), 90'000);
  EXPECT_EQ(ParseDurationParameter("1e30").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ParseDurationParameter("soon").status().code(), StatusCode::kInvalidArgument);
}

TEST(LabelNameEscapeTest, UndoesTheFormOfUrls) {
  EXPECT_EQ(UnescapeLabelName("job"), "job");
  EXPECT_EQ(UnescapeLabelName("U__a_2e_b__c"), "a.b_c");
  EXPECT_EQ(UnescapeLabelName("U___e9_"), "\xc3\xa9");
  for (const std::string_view bad : {"U__a_2e", "U___zz_", "U___110000_", "U___d800_"}) {
    EXPECT_EQ(UnescapeLabelName(bad), bad);
  }
}

}  // namespace
}  // namespace luma::prom
