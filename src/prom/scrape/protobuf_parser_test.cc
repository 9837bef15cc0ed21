#include "prom/scrape/protobuf_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "prom/metric_metadata.h"
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

// A metric may have 100,000 parts and 100 KB of labels.
TEST(ProtobufParserTest, TheBytesOfASeriesAreFewHoweverLongItsLabelsAre) {
  const std::string labels = Label("a", std::string(100'000, 'x'));
  const std::string quantile = Bytes(3, Double(1, 0.5) + Double(2, 7));
  const std::string page = Family("s", kSummary, Bytes(4, labels + Bytes(4, quantile)));
  ProtobufParser parser(page, false, false);
  std::vector<LabelRef> read;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(parser.Next());
    EXPECT_LT(parser.sample().series.size(), 100u);
    ASSERT_TRUE(parser.ReadLabels(read));
    EXPECT_EQ(read.at(1).value.size(), 100'000u);
  }
}

// Books up to a limit.
class LimitedMemory final : public ResultMemory {
 public:
  explicit LimitedMemory(uint64_t bytes_max) : bytes_max_(bytes_max) {}
  Status Book(uint64_t bytes) override {
    if (booked_ + bytes > bytes_max_) return Status::OutOfMemory("no more");
    booked_ += bytes;
    return Status::Ok();
  }
  uint64_t booked() const { return booked_; }

 private:
  const uint64_t bytes_max_;
  uint64_t booked_ = 0;
};

TEST(ProtobufParserTest, TellsMetadataAsLines) {
  const std::string page = Family("g", kGauge, Bytes(4, Bytes(2, Double(1, 1))));
  LimitedMemory memory(1 << 20);
  const ProtobufParser parser(page, false, false);
  const MetadataList list = ReadPageMetadata(parser.MetadataLines(memory).value());
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].family, "g");
  EXPECT_EQ(list[0].type, "gauge");
  EXPECT_EQ(list[0].help, "A help.");
}

// Goal: a page of 64 MiB, which is 65 KB as it is sent, is not half a gigabyte of lines.
TEST(ProtobufParserTest, LinesOfFamiliesWithoutMetricsAreBookedAndBounded) {
  std::string page;
  for (int i = 0; i < 1'000'000; ++i) page += "\x03\x0a\x01g";
  const ProtobufParser parser(page, false, false);
  LimitedMemory little(1 << 20);
  const std::string lines = parser.MetadataLines(little).value();
  EXPECT_GT(lines.size(), 100'000u);
  EXPECT_LE(lines.capacity(), little.booked());
  LimitedMemory endless(UINT64_MAX);
  EXPECT_LE(parser.MetadataLines(endless).value().size(), kMetadataLineBytesMax);
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
  const std::string counter_of_exemplar_labels =
      Family("c", kCounter, Bytes(4, Bytes(3, Bytes(2, repeated(Bytes(1, ""), 129)))));
  for (const std::string& page :
       {counter_of_labels, counter_of_exemplars, counter_of_exemplar_labels, summary}) {
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
