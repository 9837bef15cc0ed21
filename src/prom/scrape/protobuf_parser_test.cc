#include "prom/scrape/protobuf_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "prom/scrape/series_text.h"
#include "prom/scrape/testing/protobuf_page.h"

namespace luma::prom {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> Read(const std::string& page, bool native = true, bool classic = false) {
  std::vector<std::string> lines;
  ProtobufParser parser(page, native, classic);
  std::vector<LabelRef> labels;
  while (parser.Next()) {
    EXPECT_TRUE(parser.ReadLabels(labels));
    std::string line = Labels::Of(labels).value().ToString() + " ";
    AppendOpenMetricsFloat(parser.sample().value, line);
    if (parser.sample().timestamp) line += " @" + std::to_string(*parser.sample().timestamp);
    if (parser.sample().histogram != nullptr) line += " native";
    for (const PageExemplar& one : parser.exemplars()) {
      AppendOpenMetricsFloat(one.value, line.append(" #"));
    }
    lines.push_back(std::move(line));
  }
  if (!parser.status().ok()) lines.emplace_back(parser.status().message());
  return lines;
}

TEST(ProtobufParserTest, ReadsEveryClassicType) {
  const std::string exemplar = Label("t", "1") + Double(2, 0.5);
  const std::string page =
      Family("c_total", kCounter,
             Bytes(4, Label("a", "b") + Bytes(3, Double(1, 5) + Bytes(2, exemplar)))) +
      Family("g", kGauge,
             Bytes(4, Bytes(2, Double(1, -1)) + Number(6, 1234)) +
                 Bytes(4, Label("x", "") + Bytes(2, Double(1, 2)))) +
      Family("s", kSummary,
             Bytes(4, Bytes(4, Number(1, 3) + Double(2, 4.5) +
                                   Bytes(3, Double(1, 0.99) + Double(2, 7))))) +
      Family("h", kHistogram,
             Bytes(4, Bytes(7, Number(1, 9) + Double(2, 2.5) +
                                   Bytes(3, Number(1, 4) + Double(2, 1)))));
  EXPECT_THAT(Read(page),
              ElementsAre(R"(c_total{a="b"} 5.0 #0.5)", "g -1.0 @1234", "g 2.0",
                          R"(s{quantile="0.99"} 7.0)", "s_count 3.0", "s_sum 4.5", "h_count 9.0",
                          "h_sum 2.5", R"(h_bucket{le="1.0"} 4.0)", R"(h_bucket{le="+Inf"} 9.0)"));
}

TEST(ProtobufParserTest, NativeHistogramsAreOneSampleOrTheirClassicForm) {
  const std::string page = Family("h", kHistogram, Bytes(4, Bytes(7, NativeHistogram())));
  EXPECT_THAT(Read(page), ElementsAre("h 12.5 native"));
  EXPECT_THAT(Read(page, false),
              ElementsAre("h_count 7.0", "h_sum 12.5", R"(h_bucket{le="+Inf"} 7.0)"));
  EXPECT_EQ(Read(page, true, true).size(), 4u);

  ProtobufParser parser(page, true, false);
  ASSERT_TRUE(parser.Next());
  const WireHistogram& histogram = *parser.sample().histogram;
  EXPECT_EQ(histogram.schema, 3);
  EXPECT_EQ(histogram.count_int, 7u);
  EXPECT_THAT(histogram.positive.deltas, ElementsAre(2, 2));
  EXPECT_EQ(histogram.positive.spans.at(0).offset, -2);
  std::string stored;
  EXPECT_TRUE(AppendWireHistogram(histogram, stored).ok());
}

TEST(ProtobufParserTest, SeriesHaveBytesOfTheirOwn) {
  const std::string metrics = Bytes(4, Label("a", "b") + Bytes(2, Double(1, 1))) +
                              Bytes(4, Label("ab", "") + Bytes(2, Double(1, 1)));
  const std::string page = Family("g", kGauge, metrics);
  ProtobufParser parser(page, false, false);
  ASSERT_TRUE(parser.Next());
  const std::string first(parser.sample().series);
  ASSERT_TRUE(parser.Next());
  EXPECT_NE(parser.sample().series, first);
  ProtobufParser again(page, false, false);
  ASSERT_TRUE(again.Next());
  EXPECT_EQ(again.sample().series, first);
}

TEST(ProtobufParserTest, TellsMetadataAsLines) {
  const std::string page = Family("g", kGauge, Bytes(4, Bytes(2, Double(1, 1))));
  ProtobufParser parser(page, false, false);
  while (parser.Next()) {
  }
  const MetadataList list = ReadPageMetadata(parser.metadata_lines());
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].family, "g");
  EXPECT_EQ(list[0].type, "gauge");
  EXPECT_EQ(list[0].help, "A help.");
}

TEST(ProtobufParserTest, EveryPrefixIsAnErrorOrAWholeNumberOfFamilies) {
  const std::string one = Family("h", kHistogram, Bytes(4, Bytes(7, NativeHistogram())));
  for (size_t length = 1; length < one.size(); ++length) {
    EXPECT_THAT(Read(one.substr(0, length)), ElementsAre(HasSubstr("malformed metric family")));
  }
}

// Goal: a page of a few bytes for each thing it names does not take a hundred bytes for each.
TEST(ProtobufParserTest, MetricsOfTooManyPartsAreErrors) {
  const auto repeated = [](const std::string& piece, size_t count) {
    std::string all;
    for (size_t i = 0; i < count; ++i) all += piece;
    return all;
  };
  const std::string counter_of_labels =
      Family("c", kCounter, Bytes(4, repeated(Bytes(1, ""), 1'001)));
  const std::string counter_of_exemplars =
      Family("c", kCounter, Bytes(4, Bytes(3, repeated(Bytes(2, ""), 10'001))));
  const std::string summary =
      Family("s", kSummary, Bytes(4, Bytes(4, repeated(Bytes(3, ""), 100'001))));
  for (const std::string& page : {counter_of_labels, counter_of_exemplars, summary}) {
    ProtobufParser parser(page, false, false);
    EXPECT_FALSE(parser.Next());
    EXPECT_THAT(std::string(parser.status().message()), HasSubstr("too large metric"));
  }
}

TEST(ProtobufParserTest, LengthsThatLieAreErrors) {
  for (const std::string& page :
       {Varint(UINT64_MAX) + "x", Varint(5) + Varint(4 << 3 | 2) + Varint(1 << 30) + "abc",
        Family("", kGauge, ""), Family("\xff", kGauge, ""),
        Family("h", kHistogram, Bytes(4, Bytes(7, Bytes(12, "\x07\xff"))))}) {
    EXPECT_THAT(Read(page).back(), HasSubstr("bad exposition"));
  }
}

}  // namespace
}  // namespace luma::prom
