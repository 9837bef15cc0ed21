#include "prom/scrape/converting_parser.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "model/histogram_codec.h"
#include "prom/scrape/collected_histogram.h"
#include "prom/scrape/testing/protobuf_page.h"

namespace luma::prom {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kText = "text/plain";
constexpr const char* kOpenMetrics = "application/openmetrics-text";
constexpr const char* kProtobuf = "application/vnd.google.protobuf";

// "int 5 sum 3.5 bounds [0.5, 1] 0:2 2:3", as it is stored.
std::string TextOf(const WireHistogram& wire) {
  std::string bytes;
  EXPECT_TRUE(AppendWireHistogram(wire, bytes).ok());
  const StoredHistogram stored = DecodeHistogram(bytes).value();
  const FloatHistogram& histogram = stored.histogram;
  std::string text =
      fmt::format("{} {} sum {} bounds [{}]", stored.is_integer ? "int" : "float", histogram.count,
                  histogram.sum, fmt::join(histogram.custom_bounds, ", "));
  for (const auto& [index, count] : histogram.positive) text += fmt::format(" {}:{}", index, count);
  if (histogram.hint == ResetHint::kGauge) text += " gauge";
  return text;
}

struct Options {
  const char* type = kText;
  bool keeps_classic = false;
  bool native = false;
};

std::vector<std::string> Read(const std::string& page, const Options& options = {}) {
  const auto parser = MakePageParser(options.type, page,
                                     {.native_histograms = options.native,
                                      .classic_histograms = options.keeps_classic,
                                      .custom_buckets = true})
                          .value();
  std::vector<std::string> lines;
  std::vector<LabelRef> labels;
  while (parser->Next()) {
    const PageSample& sample = parser->sample();
    EXPECT_TRUE(parser->ReadLabels(labels));
    std::string line = Labels::Of(labels).value().ToString() + " ";
    line += sample.histogram != nullptr ? TextOf(*sample.histogram) : fmt::to_string(sample.value);
    if (sample.timestamp) line += fmt::format(" @{}", *sample.timestamp);
    for (const PageExemplar& one : parser->exemplars()) {
      std::vector<LabelRef> of_exemplar = one.labels;
      line += fmt::format(" #{}{}", Labels::Of(of_exemplar).value().ToString(), one.value);
      if (one.timestamp) line += fmt::format("@{}", *one.timestamp);
    }
    lines.push_back(std::move(line));
  }
  if (!parser->status().ok()) lines.emplace_back(parser->status().message());
  return lines;
}

const std::string kPage = R"(# TYPE h histogram
h_bucket{a="1",le="0.5"} 2
h_bucket{a="1",le="1"} 2
h_bucket{a="1",le="+Inf"} 5
h_sum{a="1"} 3.5
h_count{a="1"} 5
h_bucket{a="2",le="+Inf"} 1
h_sum{a="2"} 8
h_count{a="2"} 1
# TYPE g gauge
g 7
)";

TEST(ConvertingParserTest, EachClassicHistogramBecomesOneSample) {
  EXPECT_THAT(Read(kPage), ElementsAre(R"(h{a="1"} int 5 sum 3.5 bounds [0.5, 1] 0:2 2:3)",
                                       R"(h{a="2"} int 1 sum 8 bounds [] 0:1)", "g 7"));
}

TEST(ConvertingParserTest, ClassicSeriesStayBesideWhenTheyAreWanted) {
  EXPECT_THAT(
      Read(kPage, {.keeps_classic = true}),
      ElementsAre(R"(h_bucket{a="1", le="0.5"} 2)", R"(h_bucket{a="1", le="1.0"} 2)",
                  R"(h_bucket{a="1", le="+Inf"} 5)", R"(h_sum{a="1"} 3.5)", R"(h_count{a="1"} 5)",
                  R"(h{a="1"} int 5 sum 3.5 bounds [0.5, 1] 0:2 2:3)",
                  R"(h_bucket{a="2", le="+Inf"} 1)", R"(h_sum{a="2"} 8)", R"(h_count{a="2"} 1)",
                  R"(h{a="2"} int 1 sum 8 bounds [] 0:1)", "g 7"));
}

std::vector<std::string> ReadHistogram(const std::string& series) {
  return Read("# TYPE h histogram\n" + series);
}

TEST(ConvertingParserTest, WhatIsMissingIsFilledIn) {
  EXPECT_THAT(ReadHistogram("h_bucket{le=\"1\"} 2\nh_bucket{le=\"2\"} 3\n"),
              ElementsAre("h int 3 sum 0 bounds [1, 2] 0:2 1:1"));
  EXPECT_THAT(ReadHistogram("h_bucket{le=\"1\"} 2\nh_count 6\nh_sum NaN\n"),
              ElementsAre("h int 6 sum nan bounds [1] 0:2 1:4"));
  EXPECT_THAT(ReadHistogram("h_count 3\n"), ElementsAre("h int 3 sum 0 bounds [] 0:3"));
  EXPECT_THAT(ReadHistogram("h_count 0\nh_sum 0\n"), ElementsAre("h int 0 sum 0 bounds []"));
}

TEST(ConvertingParserTest, BucketsComeInAnyOrderAndTheFirstOfABoundCounts) {
  EXPECT_THAT(ReadHistogram("h_count 9\nh_bucket{le=\"+Inf\"} 9\nh_bucket{le=\"1\"} 4\n"
                            "h_bucket{le=\"-2\"} 1\nh_bucket{le=\"1.0\"} 5\n"),
              ElementsAre("h int 9 sum 0 bounds [-2, 1] 0:1 1:3 2:5"));
}

TEST(ConvertingParserTest, CountsThatAreNoIntegersMakeAFloatHistogram) {
  EXPECT_THAT(
      ReadHistogram("h_bucket{le=\"1\"} 0.5\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n"),
      ElementsAre("h float 2 sum 1 bounds [1] 0:0.5 1:1.5"));
}

TEST(ConvertingParserTest, WhatMakesNoSenseIsLeftOut) {
  for (const char* series :
       {"h_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 2\nh_count 2\n",  // falls
        "h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_count 3\n",  // two counts
        "h_bucket{le=\"1\"} 3\nh_count 2\n", "h_bucket{le=\"1\"} -1\nh_count 2\n", "h_count -2\n",
        "h_count NaN\n", "h_bucket{le=\"+Inf\"} +Inf\n", "h_bucket{le=\"-Inf\"} 1\nh_count 2\n",
        "h_sum 2\n"}) {
    EXPECT_THAT(ReadHistogram(series), IsEmpty()) << series;
  }
}

TEST(ConvertingParserTest, OnlySeriesOfHistogramsAreConverted) {
  EXPECT_THAT(Read("h_bucket{le=\"1\"} 1\nh_count 1\n"),
              ElementsAre(R"(h_bucket{le="1"} 1)", "h_count 1"))
      << "its type is not known";
  EXPECT_THAT(Read("# TYPE s summary\ns_count 1\ns_sum 2\n"), ElementsAre("s_count 1", "s_sum 2"));
  EXPECT_THAT(ReadHistogram("h_count 1\nother_count 2\nh 3\nh_bucket 4\nh_bucket{le=\"x\"} 5\n"),
              ElementsAre("h int 1 sum 0 bounds [] 0:1", "other_count 2", "h 3", "h_bucket 4",
                          R"(h_bucket{le="x"} 5)"));
  EXPECT_THAT(Read("# TYPE h gaugehistogram\nh_bucket{le=\"+Inf\"} 1\n# EOF\n", {kOpenMetrics}),
              ElementsAre(R"(h_bucket{le="+Inf"} 1)"))
      << "as in Prometheus, whose text formats know counters only";
}

TEST(ConvertingParserTest, ABucketThatCannotBeReadDoesNotDivideItsHistogram) {
  EXPECT_THAT(ReadHistogram("h_bucket{le=\"1\"} 1\nh_bucket{le=\"x\"} 7\nh_count 2\n"),
              ElementsAre(R"(h_bucket{le="x"} 7)", "h int 2 sum 0 bounds [1] 0:1 1:1"));
}

TEST(ConvertingParserTest, LabelsInAnotherOrderAreTheSame) {
  EXPECT_THAT(
      ReadHistogram("h_bucket{le=\"1\",b=\"x\",a=\"\\\"\"} 1\nh_count{a=\"\\\"\",b=\"x\"} 2\n"),
      ElementsAre(R"(h{a="\"", b="x"} int 2 sum 0 bounds [1] 0:1 1:1)"));
}

TEST(ConvertingParserTest, TimesAreThoseOfTheSeries) {
  EXPECT_THAT(ReadHistogram("h_count 1 123\nh_sum 2 123\n"),
              ElementsAre("h int 1 sum 2 bounds [] 0:1 @123"));
}

// Goal: lines that repeat cost no memory, however many there are.
TEST(ConvertingParserTest, ExemplarsOfAHistogramAreBounded) {
  std::string page = "# TYPE h histogram\n";
  for (int i = 0; i < 20'000; ++i) page += "h_count 1 # {} 1 1\n";
  const std::vector<std::string> lines = Read(page + "# EOF\n", {kOpenMetrics});
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(static_cast<size_t>(std::ranges::count(lines[0], '#')),
            CollectedHistogram::kBucketsMax);
}

TEST(ConvertingParserTest, ExemplarsWithATimeGoWithTheHistogram) {
  EXPECT_THAT(Read("# TYPE h histogram\n"
                   "h_bucket{le=\"1.0\"} 1 # {id=\"a\",x=\"y\"} 0.5 1.5\n"
                   "h_bucket{le=\"2.0\"} 2 # {id=\"b\"} 1.5\n"
                   "h_bucket{le=\"+Inf\"} 3 # {} 2.5 2\n"
                   "# EOF\n",
                   {kOpenMetrics}),
              ElementsAre("h int 3 sum 0 bounds [1, 2] 0:1 1:1 2:1 #{id=\"a\", x=\"y\"}0.5@1500 "
                          "#{}2.5@2000"));
}

std::string ClassicHistogram() {
  return Number(1, 9) + Double(2, 2.5) + Bytes(3, Number(1, 4) + Double(2, 1));
}

TEST(ConvertingParserTest, PagesInProtobufAreConvertedToo) {
  const std::string metric = Bytes(4, Label("a", "b") + Bytes(7, ClassicHistogram()));
  EXPECT_THAT(Read(Family("h", kHistogram, metric), {kProtobuf}),
              ElementsAre(R"(h{a="b"} int 9 sum 2.5 bounds [1] 0:4 1:5)"));
  EXPECT_THAT(Read(Family("h", kGaugeHistogram, metric), {kProtobuf}),
              ElementsAre(R"(h{a="b"} int 9 sum 2.5 bounds [1] 0:4 1:5 gauge)"));
}

TEST(ConvertingParserTest, WhatHasANativeFormKeepsIt) {
  const std::string both =
      Family("h", kHistogram,
             Bytes(4, Bytes(7, NativeHistogram() + Bytes(3, Number(1, 4) + Double(2, 1)))));
  for (const bool keeps_classic : {false, true}) {
    const auto parser = MakePageParser(kProtobuf, both,
                                       {.native_histograms = true,
                                        .classic_histograms = keeps_classic,
                                        .custom_buckets = true})
                            .value();
    ASSERT_TRUE(parser->Next());
    EXPECT_EQ(parser->sample().histogram->schema, 3);
    size_t classic = 0;
    while (parser->Next()) {
      EXPECT_EQ(parser->sample().histogram, nullptr);
      ++classic;
    }
    EXPECT_EQ(classic, keeps_classic ? 4u : 0u);
  }
  EXPECT_THAT(Read(both, {kProtobuf}), ElementsAre("h int 7 sum 12.5 bounds [1] 0:4 1:3"))
      << "native histograms are not wanted";
}

TEST(ConvertingParserTest, ItsBytesTellAHistogramAgain) {
  std::vector<std::string> keys;
  for (int page = 0; page < 2; ++page) {
    const auto parser = MakePageParser(kText, kPage, {.custom_buckets = true}).value();
    while (parser->Next()) keys.emplace_back(parser->sample().series);
  }
  ASSERT_EQ(keys.size(), 6u);
  EXPECT_EQ(keys[0], keys[3]);
  EXPECT_EQ(keys[1], keys[4]);
  EXPECT_NE(keys[0], keys[1]);
}

TEST(ConvertingParserTest, AMistakeEndsThePage) {
  EXPECT_THAT(ReadHistogram("h_count 1\nh_sum x\n"),
              ElementsAre("bad exposition: bad value: line=3"));
  EXPECT_THAT(ReadHistogram("h_count{a} 1\n"), ElementsAre(HasSubstr("bad exposition")));
}

TEST(ConvertingParserTest, TooManyBucketsAreAnError) {
  std::string series;
  for (size_t i = 0; i <= CollectedHistogram::kBucketsMax; ++i) {
    series += fmt::format("h_bucket{{le=\"{}\"}} 1\n", i);
  }
  EXPECT_THAT(ReadHistogram(series), ElementsAre(HasSubstr("too many buckets: family=h limit=")));
}

// Goal: a page of some KB, as it is sent, does not make gigabytes of keys.
TEST(ConvertingParserTest, LabelsOfAllPartsAreBounded) {
  const auto page = [](int metrics) {
    std::string buckets;
    for (int i = 0; i < 5'000; ++i) buckets += Bytes(3, Double(2, i));
    std::string all;
    for (int i = 0; i < metrics; ++i) {
      const std::string label = Label("a", std::to_string(i) + std::string(60'000, 'x'));
      all += Bytes(4, label + Bytes(7, buckets));
    }
    return Family("h", kHistogram, all);
  };
  const auto error_of = [](const std::string& text) {
    const auto parser = MakePageParser(kProtobuf, text, {.custom_buckets = true}).value();
    while (parser->Next()) {
    }
    return parser->status();
  };
  EXPECT_TRUE(error_of(page(1)).ok());
  EXPECT_EQ(error_of(page(4)).code(), StatusCode::kTooLarge);
}

}  // namespace
}  // namespace luma::prom
