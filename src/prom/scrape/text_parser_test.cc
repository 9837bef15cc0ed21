#include "prom/scrape/text_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/bytes.h"

namespace luma::prom {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// "name{a="b"} value @timestamp" of every sample, and the error if there is one.
std::vector<std::string> Read(std::string_view page, TextDialect dialect) {
  std::vector<std::string> lines;
  TextParser parser(page, dialect);
  std::vector<LabelRef> labels;
  while (parser.Next()) {
    if (!parser.ReadLabels(labels)) break;
    const Result<Labels> made = Labels::Of(labels);
    std::string line = made.ok() ? made->ToString() : std::string(made.status().message());
    AppendOpenMetricsFloat(parser.sample().value, line.append(" "));
    if (parser.sample().timestamp) line += " @" + std::to_string(*parser.sample().timestamp);
    for (const PageExemplar& exemplar : parser.exemplars()) {
      line += " #" + Labels::Of(exemplar.labels)->ToString() + " ";
      AppendOpenMetricsFloat(exemplar.value, line);
      if (exemplar.timestamp) line += " @" + std::to_string(*exemplar.timestamp);
    }
    lines.push_back(std::move(line));
  }
  if (!parser.status().ok()) lines.emplace_back(parser.status().message());
  return lines;
}
std::vector<std::string> ReadPlain(std::string_view page) {
  return Read(page, TextDialect::kPrometheus);
}
std::vector<std::string> ReadOpenMetrics(std::string_view page) {
  return Read(page, TextDialect::kOpenMetrics);
}

TEST(TextParserTest, ReadsSamplesWithLabelsAndTimestamps) {
  EXPECT_THAT(ReadPlain("# HELP m A \\\\ help.\n# TYPE m counter\n"
                        "m{a=\"1\", b=\"x}y\",} 5 777\n  plain\t3  \n\nm 1e3\r\n"
                        "{\"dots.in.name\",\"l.1\"=\"v\"} 2\n# any comment"),
              ElementsAre(R"(m{a="1", b="x}y"} 5.0 @777)", "plain 3.0", "m 1000.0",
                          R"(dots.in.name{l.1="v"} 2.0)"));
}

TEST(TextParserTest, TextsOfLabelsThatCannotBeStoredAreNotRead) {
  std::string labels = "{";
  for (int i = 0; i < 100'000; ++i) labels += "a" + std::to_string(i) + "=\"\",";
  labels += "}";
  EXPECT_THAT(ReadPlain("m" + labels + " 1\n"), ElementsAre(HasSubstr("too many labels: line=1")));
  EXPECT_THAT(ReadOpenMetrics("m 1 # " + labels + " 1\n# EOF\n"),
              ElementsAre(HasSubstr("too long exemplar: line=1")));
}

TEST(TextParserTest, UnescapesLabelValues) {
  TextParser parser("m{a=\"q\\\" b\\\\ n\\n o\\o\"} 1\n", TextDialect::kPrometheus);
  std::vector<LabelRef> labels;
  ASSERT_TRUE(parser.Next() && parser.ReadLabels(labels));
  EXPECT_EQ(labels[1].value, "q\" b\\ n\n o\\o");
}

TEST(TextParserTest, ReadsSpecialValues) {
  EXPECT_THAT(ReadPlain("a NaN\nb +Inf\nc -inf\nd 0x1p3\n"),
              ElementsAre("a NaN", "b +Inf", "c -Inf", HasSubstr("bad value: line=4")));
  EXPECT_THAT(ReadPlain("a 1e-400\nb 1e400\n"),
              ElementsAre("a 0.0", HasSubstr("bad value: line=2")));
}

TEST(TextParserTest, BoundsHaveOneSpelling) {
  EXPECT_THAT(
      ReadPlain("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\n"
                "h_bucket{le=\"5e+06\"} 2\n# TYPE s summary\ns{quantile=\"1.00\"} 3\n"
                "# TYPE g gauge\ng{le=\"1\"} 4\n"),
      ElementsAre(R"(h_bucket{le="1.0"} 1.0)", R"(h_bucket{le="+Inf"} 2.0)",
                  R"(h_bucket{le="5e+06"} 2.0)", R"(s{quantile="1.0"} 3.0)", R"(g{le="1"} 4.0)"));
}

TEST(TextParserTest, TheBytesOfASeriesStandForIt) {
  TextParser parser("m{a=\"}\\\"\"} 1\nm{a=\"}\\\"\"} 2\nm 3\n", TextDialect::kPrometheus);
  std::vector<std::string> series;
  while (parser.Next()) series.emplace_back(parser.sample().series);
  EXPECT_THAT(series, ElementsAre("m{a=\"}\\\"\"}", "m{a=\"}\\\"\"}", "m"));
}

TEST(TextParserTest, MalformedPagesAreErrorsWithTheirLine) {
  for (const char* page : {"m\n", "m{a=\"1\" 5\n", "m{a=1} 5\n", "m{=\"1\"} 5\n", "{a=\"b\"} 1\n",
                           "m 1 2 3\n", "m 1 x\n", "m{a=\"\\\n", "# TYPE m nonsense\nm 1\n",
                           "# TYPE\n", "9m 1\n", "m{\"\n", "m{a=\"1\"b=\"2\"} 1\n"}) {
    const std::vector<std::string> lines = ReadPlain(page);
    ASSERT_FALSE(lines.empty()) << page;
    EXPECT_THAT(lines.back(), HasSubstr("bad exposition")) << page;
  }
}

TEST(OpenMetricsTest, ReadsEveryTypeWithExemplarsAndTimes) {
  EXPECT_THAT(
      ReadOpenMetrics("# TYPE c_seconds counter\n# UNIT c_seconds seconds\n# HELP c_seconds x\n"
                      "c_seconds_total{a=\"b\"} 5 1.5 # {trace_id=\"t\"} 0.25 2.125\n"
                      "c_seconds_created{a=\"b\"} 1520430000.123\n"
                      "# TYPE h histogram\nh_bucket{le=\"1\"} 1 # {} 0.5\n"
                      "# TYPE s stateset\ns{s=\"on\"} 1\n# TYPE i info\ni_info{v=\"1\"} 1\n"
                      "# TYPE g gaugehistogram\ng_gcount 2 -1\n# TYPE u unknown\nu 1\n# EOF\n"),
      ElementsAre(R"(c_seconds_total{a="b"} 5.0 @1500 #{trace_id="t"} 0.25 @2125)",
                  R"(c_seconds_created{a="b"} 1.520430000123e+09)",
                  R"(h_bucket{le="1.0"} 1.0 #{} 0.5)", R"(s{s="on"} 1.0)", R"(i_info{v="1"} 1.0)",
                  "g_gcount 2.0 @-1000", "u 1.0"));
}

TEST(OpenMetricsTest, IsStrict) {
  const struct {
    const char* page;
    const char* expected;
  } cases[] = {
      {"m 1\n", "data does not end with # EOF"},
      {"# EOF\nm 1\n", "unexpected data after # EOF"},
      {"# EOF\n\n", "unexpected data after # EOF"},
      {"\n# EOF\n", "no metric name"},
      {"m  1\n# EOF\n", "bad value"},
      {"m 1 \n# EOF\n", "text after the sample"},
      {"m 1 NaN\n# EOF\n", "invalid timestamp"},
      {"m 1 1e300\n# EOF\n", "invalid timestamp"},
      {"# TYPE m untyped\n# EOF\n", "invalid metric type"},
      {"# UNIT m seconds\n# EOF\n", "unit is not a suffix"},
      {"#TYPE m gauge\n# EOF\n", "no metric name"},
      {"m_total 1 # {a=\"b\"}\n# EOF\n", "bad value of exemplar"},
      {"m_total 1 # {a=\"b\"} 1 2 3\n# EOF\n", "text after the exemplar"},
  };
  for (const auto& one : cases) {
    const std::vector<std::string> lines = ReadOpenMetrics(one.page);
    ASSERT_FALSE(lines.empty()) << one.page;
    EXPECT_THAT(lines.back(), HasSubstr(one.expected)) << one.page;
  }
  EXPECT_THAT(ReadOpenMetrics("# EOF"), ElementsAre());
}

}  // namespace
}  // namespace luma::prom
