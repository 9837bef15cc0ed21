#include "prom/json_writer.h"

#include <gtest/gtest.h>

namespace luma::prom {
namespace {

TEST(JsonWriterTest, PutsCommasWhereTheyBelong) {
  JsonWriter json;
  json.BeginObject();
  json.Key("a");
  json.BeginArray();
  json.EndArray();
  json.Key("b");
  json.BeginArray();
  json.String("x");
  json.Raw("{}");
  json.Point(1500, 2);
  json.TextPoint(2000, "t");
  json.EndArray();
  json.EndObject();
  EXPECT_EQ(json.Take(), R"({"a":[],"b":["x",{},[1.500,"2"],[2,"t"]]})");
}

TEST(JsonWriterTest, EscapesTexts) {
  JsonWriter json;
  json.String(std::string_view("a\"b\\c\nd\re\tf\x01\0\xc3\xa9", 15));
  EXPECT_EQ(json.Take(), "\"a\\\"b\\\\c\\nd\\re\\tf\\u0001\\u0000\xc3\xa9\"");
}

TEST(JsonWriterTest, BytesThatAreNotUtf8AreReplaced) {
  JsonWriter json;
  json.String("\xff-\xc3\xa9-\xe2\x82-\xed\xa0\x80");
  EXPECT_EQ(
      json.Take(),
      "\"\xef\xbf\xbd-\xc3\xa9-\xef\xbf\xbd\xef\xbf\xbd-\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST(JsonWriterTest, WritesHistogramsWithTheRulesOfTheirBounds) {
  FloatHistogram histogram;
  histogram.count = 7;
  histogram.sum = 1.5;
  histogram.zero_threshold = 0.25;
  histogram.zero_count = 1;
  histogram.positive = {{1, 2}, {3, 0}};
  histogram.negative = {{2, 4}};
  JsonWriter json;
  json.BeginArray();
  json.HistogramPoint(1500, histogram);
  json.HistogramPoint(2000, FloatHistogram());
  json.EndArray();
  EXPECT_EQ(json.Take(),
            R"([[1.500,{"count":"7","sum":"1.5","buckets":[[1,"-4","-2","4"],)"
            R"([3,"-0.25","0.25","1"],[0,"1","2","2"]]}],[2,{"count":"0","sum":"0"}]])");
}

TEST(JsonWriterTest, WritesLabelSets) {
  const Labels labels = Labels::Of({{"job", "a\"b"}, {"__name__", "up"}}).value();
  JsonWriter json;
  json.LabelSet(labels);
  EXPECT_EQ(json.Take(), R"({"__name__":"up","job":"a\"b"})");
}

// Goal: a text never outgrows the room that was booked for it, and little is booked in vain.
TEST(JsonWriterTest, TellsBeforehandHowLongTextsGet) {
  for (const std::string_view value : {"", "a", "a\"b", "\n\n\n", "\x01\x02", "\xc3\xa9"}) {
    const Labels labels = Labels::Of({{"job", value}, {"__name__", "up"}}).value();
    JsonWriter json;
    json.BeginArray();
    json.LabelSet(labels);
    json.LabelSet(labels);
    json.String(value);
    json.EndArray();
    const size_t bytes = json.Take().size();
    const uint64_t told = 2 * LabelSetTextBytes(labels) + StringTextBytes(value);
    EXPECT_LE(bytes, told + 2) << value;
    EXPECT_LE(told, 3 * bytes) << value;
  }
}

}  // namespace
}  // namespace luma::prom
