#include "prom/push/line_parser.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace luma::prom {
namespace {

using testing::ElementsAre;

// Each point as measurement|tag=value|field=value|strings|timestamp, each bad line as its number
// and what is wrong.
std::vector<std::string> Read(std::string_view text) {
  std::vector<std::string> events;
  LineParser parser(text);
  for (auto event = parser.Next(); event != LineParser::Event::kEnd; event = parser.Next()) {
    if (event == LineParser::Event::kBadLine) {
      events.push_back(std::to_string(parser.line_number()) + ": " + std::string(parser.error()));
      continue;
    }
    std::string point(parser.measurement());
    for (const LabelRef& tag : parser.tags()) {
      point += "|" + std::string(tag.name) + "=" + std::string(tag.value);
    }
    for (const LineField& field : parser.fields()) {
      point += "|" + std::string(field.key) + "=" + fmt::format("{}", field.value);
    }
    if (parser.string_count() > 0)
      point += "|" + std::to_string(parser.string_count()) + " strings";
    if (parser.timestamp()) point += "|@" + std::to_string(*parser.timestamp());
    events.push_back(point);
  }
  return events;
}

TEST(LineParserTest, ReadsPoints) {
  EXPECT_THAT(Read("cpu,host=a,region=eu usage=0.5,idle=99.5 1700000000000000000\n"
                   "mem used=5i,free=7u -5\n"
                   "up ok=true"),
              ElementsAre("cpu|host=a|region=eu|usage=0.5|idle=99.5|@1700000000000000000",
                          "mem|used=5|free=7|@-5", "up|ok=1"));
}

TEST(LineParserTest, ReadsEveryTypeOfField) {
  EXPECT_THAT(
      Read("m a=1,b=-1.5,c=1e3,d=1E-2,e=.5,f=3.,g=-9223372036854775808i,h=18446744073709551615u"),
      ElementsAre("m|a=1|b=-1.5|c=1000|d=0.01|e=0.5|f=3|g=-9.223372036854776e+18|h=1."
                  "8446744073709552e+19"));
  for (const std::string_view yes : {"t", "T", "true", "True", "TRUE"}) {
    EXPECT_THAT(Read("m a=" + std::string(yes)), ElementsAre("m|a=1"));
  }
  for (const std::string_view no : {"f", "F", "false", "False", "FALSE"}) {
    EXPECT_THAT(Read("m a=" + std::string(no)), ElementsAre("m|a=0"));
  }
  EXPECT_THAT(Read(R"(m a="text",b=1,c="",d="1 2,x=3")"), ElementsAre("m|b=1|3 strings"));
}

TEST(LineParserTest, RefusesOtherValues) {
  for (const std::string_view bad : {"NaN", "inf", "yes", "tru", "trueish", "abc"}) {
    EXPECT_THAT(Read("m a=" + std::string(bad)), ElementsAre("1: invalid boolean")) << bad;
  }
  for (const std::string_view bad : {"1x", "1.5i", "i1", "-1u", "--1", "-", "1e", "0x10", "1_000",
                                     "9223372036854775808i", "-inf", "1e999"}) {
    const std::vector<std::string> events = Read("m a=" + std::string(bad));
    ASSERT_EQ(events.size(), 1u);
    EXPECT_THAT(events[0], testing::StartsWith("1: invalid ")) << bad;
  }
}

TEST(LineParserTest, BackslashesEscapeWhatEndsAText) {
  EXPECT_THAT(Read(R"(my\ m\,x,tag\ one=a\,b\=c\ d,t=C:\dir field\ a\,b\=c=1)"),
              ElementsAre(R"(my m,x|tag one=a,b=c d|t=C:\dir|field a,b=c=1)"));
  EXPECT_THAT(Read(R"(m,t=a\\,b v=1)"), ElementsAre(R"(m|t=a\,b|v=1)"))
      << "the first backslash stands for itself";
  EXPECT_THAT(Read(R"(m a="say \"hi, there\" = 5",b=2)"), ElementsAre("m|b=2|1 strings"));
  EXPECT_THAT(Read(R"(m a="ends with \\",b=2)"), ElementsAre("m|b=2|1 strings"));
}

TEST(LineParserTest, QuotedTextsMayHoldLineFeeds) {
  EXPECT_THAT(Read("m a=\"one\ntwo\r\nthree\",b=2 7\nnext v=1\nbad\n"),
              ElementsAre("m|b=2|1 strings|@7", "next|v=1", "5: missing fields"));
  EXPECT_THAT(Read("m,t=\"x v=1\nn v=2"), ElementsAre("m|t=\"x|v=1", "n|v=2"))
      << "a quote in a tag is only a character";
  EXPECT_THAT(Read("m a=\"never ends\nn v=2\n"), ElementsAre("1: unbalanced quotes"));
}

TEST(LineParserTest, SkipsCommentsBlankLinesAndCarriageReturns) {
  EXPECT_THAT(Read("# a comment \"with=\"quotes\n\r\n\n   \n  m v=1  5  \r\n\tn v=2\r\n#"),
              ElementsAre("m|v=1|@5", "n|v=2"));
  EXPECT_THAT(Read(""), testing::IsEmpty());
}

TEST(LineParserTest, BadLinesEndNothing) {
  EXPECT_THAT(Read(",t=a v=1\n"
                   "m\n"
                   "m \n"
                   "m,t v=1\n"
                   "m,t= v=1\n"
                   "m,=a v=1\n"
                   "m,t=a=b v=1\n"
                   "m v\n"
                   "m v=\n"
                   "m =1\n"
                   "m v=1,\n"
                   "m v=1 now\n"
                   "m v=1 5 6\n"
                   "m v=\"a\"b\n"
                   "m,t=a\n"
                   "good v=1\n"),
              ElementsAre("1: missing measurement", "2: missing fields", "3: missing fields",
                          "4: missing tag value", "5: missing tag value", "6: missing tag key",
                          "7: invalid tag format", "8: missing field value",
                          "9: missing field value", "10: missing field key",
                          "11: missing field key", "12: bad timestamp", "13: bad timestamp",
                          "14: text after a quoted field value", "15: missing fields", "good|v=1"));
}

TEST(LineParserTest, TagsAreBounded) {
  std::string line = "m";
  for (int i = 0; i < 5000; ++i) line += ",t" + std::to_string(i) + "=x";
  EXPECT_THAT(Read(line + " v=1\nn v=1"), ElementsAre("1: too many tags", "n|v=1"));
}

TEST(LineParserTest, LinesWithEscapesAreBounded) {
  const std::string text = "m v=1,s=\"" + std::string(kEscapedLineBytesMax, 'x');
  EXPECT_THAT(Read(text + "\"\nn v=1"), ElementsAre("m|v=1|1 strings", "n|v=1"));
  EXPECT_THAT(Read(text + "\\\"\"\nn v=1"), ElementsAre("1: too long line with escapes", "n|v=1"));
}

TEST(LineParserTest, FieldsAreBounded) {
  std::string line = "m v=1";
  for (size_t i = 1; i < kFieldsPerLineMax; ++i) line += ",v=1";
  LineParser whole(line);
  ASSERT_EQ(whole.Next(), LineParser::Event::kPoint);
  EXPECT_EQ(whole.fields().size(), kFieldsPerLineMax);
  EXPECT_THAT(Read(line + ",v=1\nn v=1"), ElementsAre("1: too many fields", "n|v=1"));
}

}  // namespace
}  // namespace luma::prom
