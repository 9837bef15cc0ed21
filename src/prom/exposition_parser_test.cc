#include "prom/exposition_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace luma::prom {
namespace {

using testing::HasSubstr;

struct Read {
  std::vector<std::string> series;
  std::vector<double> values;
  std::vector<std::optional<UnixMillis>> timestamps;
  Status status;
};

Read ReadAll(std::string_view text) {
  Read read;
  ExpositionParser parser(text);
  while (parser.Next()) {
    const ExpositionSample& sample = parser.sample();
    read.series.push_back(
        Labels::Of({sample.labels.begin(), sample.labels.end()}).value().ToString());
    read.values.push_back(sample.value);
    read.timestamps.push_back(sample.timestamp);
  }
  read.status = parser.status();
  return read;
}

TEST(ExpositionParserTest, ReadsTheExampleOfTheFormat) {
  const Read read = ReadAll(
      "# HELP http_requests_total The total number of HTTP requests.\n"
      "# TYPE http_requests_total counter\n"
      "http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n"
      "http_requests_total{method=\"post\",code=\"400\"}    3 1395066363000\r\n"
      "\n"
      "# A comment\n"
      "msdos_file_access_time_seconds{path=\"C:\\\\DIR\\\\FILE.TXT\",error=\"Cannot find "
      "file:\\n\\\"FILE.TXT\\\"\"} 1.458255915e9\n"
      "metric_without_timestamp_and_labels 12.47\n"
      "something_weird{problem=\"division by zero\"} +Inf -3982045\n"
      "  spaced { a = \"1\" , b = \"2\" , }\t-0x1p3_x\n");
  EXPECT_THAT(std::string(read.status.message()), HasSubstr("bad value: line=10"));
  EXPECT_THAT(
      read.series,
      testing::ElementsAre(
          R"(http_requests_total{code="200", method="post"})",
          R"(http_requests_total{code="400", method="post"})",
          R"(msdos_file_access_time_seconds{error="Cannot find file:\n\"FILE.TXT\"", path="C:\\DIR\\FILE.TXT"})",
          "metric_without_timestamp_and_labels", R"(something_weird{problem="division by zero"})"));
  EXPECT_THAT(read.values, testing::ElementsAre(1027, 3, 1.458255915e9, 12.47, HUGE_VAL));
  EXPECT_EQ(read.timestamps[0], 1395066363000);
  EXPECT_EQ(read.timestamps[3], std::nullopt);
  EXPECT_EQ(read.timestamps[4], -3982045);
}

TEST(ExpositionParserTest, ReadsValuesAsGoDoes) {
  const Read read = ReadAll("a NaN\na +Inf\na -inf\na Infinity\na .5\na 5.\na -1e-3\na +2\n");
  ASSERT_TRUE(read.status.ok()) << read.status;
  EXPECT_TRUE(std::isnan(read.values[0]));
  EXPECT_EQ(read.values[2], -HUGE_VAL);
  EXPECT_THAT(std::vector(read.values.begin() + 4, read.values.end()),
              testing::ElementsAre(0.5, 5, -0.001, 2));
}

TEST(ExpositionParserTest, ReadsQuotedUtf8Names) {
  const Read read = ReadAll("# TYPE \"my.metric\" gauge\n{\"my.metric\",\"a b\"=\"\xc3\xa9\"} 1");
  ASSERT_TRUE(read.status.ok()) << read.status;
  EXPECT_THAT(read.series, testing::ElementsAre("my.metric{a b=\"\xc3\xa9\"}"));
}

TEST(ExpositionParserTest, UnknownEscapesStandForThemselves) {
  EXPECT_THAT(ReadAll(R"(a{b="\x\\"} 1)").series, testing::ElementsAre(R"(a{b="\\x\\"})"));
}

TEST(ExpositionParserTest, ErrorsNameTheLine) {
  for (const std::string_view bad :
       {"a", "a b", "{b=\"c\"} 1", "1a 1", "a{b=c} 1", "a{b=\"c} 1", "a{b=\"c\"",
        "a{b=\"c\" d=\"e\"} 1", "a{=\"c\"} 1", "a 1 2 3", "a 1 2.5", "a 1 x", "a --1", "a 1e999",
        "# TYPE a teapot", "# HELP", "a{b=\"c\\", "a{b=\"\\\"} 1", "{\"a\",\"b\"} 1"}) {
    const Read read = ReadAll("ok 1\n" + std::string(bad) + "\nnever 1\n");
    EXPECT_EQ(read.status.code(), StatusCode::kInvalidArgument) << bad;
    EXPECT_THAT(std::string(read.status.message()), HasSubstr("line=2")) << bad;
    EXPECT_THAT(read.series, testing::ElementsAre("ok"));
  }
}

}  // namespace
}  // namespace luma::prom
