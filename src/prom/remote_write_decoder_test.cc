#include "prom/remote_write_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "model/histogram_codec.h"
#include "prom/testing/limited_memory.h"
#include "prom/testing/write_request_builder.h"
#include "prom/wire_histogram.h"

namespace luma::prom {
namespace {

using testing::HasSubstr;

class RemoteWriteDecoderTest : public testing::Test {
 protected:
  Result<WriteRequestSummary> Decode(const std::string& message) {
    batch_.Clear();
    return decoder_.Decode(message, sink_, memory_, batch_);
  }
  Labels LabelsOf(size_t index) { return Labels(batch_.series(index).labels); }

  // Knows one series, by the fields that hold its labels.
  class OneSeriesSink final : public MetricsSink {
   public:
    void Write(const SeriesBatch&, WriteCallback) override {}
    void FindSeries(std::span<const Hash128> hashes, std::span<SeriesId> ids) const override {
      for (size_t i = 0; i < hashes.size(); ++i) {
        ids[i] = hashes[i] == known ? SeriesId{7} : kUnknownSeries;
      }
    }
    Hash128 known;
  };

  OneSeriesSink sink_;
  LimitedMemory memory_;
  RemoteWriteDecoder decoder_;
  SeriesBatch batch_;
};

TEST_F(RemoteWriteDecoderTest, AKnownSeriesIsToldByItsId) {
  const std::string long_value(300, 'x');
  const std::vector<LabelRef> labels{{"__name__", "up"}, {"job", long_value}};
  sink_.known = Labels::Of(labels)->Hash();
  ASSERT_TRUE(Decode(SeriesField({{"__name__", "up"}}, {{1, 1}}) +
                     SeriesField(labels, {{1000, 1.5}, {2000, 2.5}}))
                  .ok());
  ASSERT_EQ(batch_.size(), 2u);
  EXPECT_EQ(batch_.series(0).id, kUnknownSeries);
  EXPECT_EQ(batch_.series(1).id, SeriesId{7});
  ASSERT_EQ(batch_.series(1).samples.size(), 2u);
  EXPECT_EQ(batch_.series(1).samples[1].value, 2.5);
}

TEST_F(RemoteWriteDecoderTest, HistogramsAreBookedBeforeTheyGrow) {
  const std::vector<int64_t> counts(10'000, int64_t{1} << 38);  // a byte each, and six stored
  std::string series = BytesField(1, LabelMessage({"__name__", "h"}));
  for (int i = 0; i < 100; ++i) series += BytesField(4, HistogramMessage(i, counts));
  const std::string message = BytesField(1, series);
  ASSERT_TRUE(Decode(message).ok());
  EXPECT_GE(memory_.booked + message.size(), batch_.histogram_bytes());
  memory_.limit = 0;
  EXPECT_EQ(Decode(message).status().code(), StatusCode::kOutOfMemory);
  EXPECT_EQ(batch_.histogram_bytes(), 0u);
}

// The labels of a series must not depend on whether some of them are those of a known one.
TEST_F(RemoteWriteDecoderTest, LabelsBehindSamplesMakeAnotherSeries) {
  const std::string up = BytesField(1, LabelMessage({"__name__", "up"}));
  const std::string job = BytesField(1, LabelMessage({"job", "a"}));
  sink_.known = Labels::Of({{"__name__", "up"}})->Hash();
  ASSERT_TRUE(Decode(BytesField(1, up + BytesField(2, SampleMessage({1, 1})) + job)).ok());
  ASSERT_EQ(batch_.size(), 1u);
  EXPECT_EQ(batch_.series(0).id, kUnknownSeries);
  EXPECT_EQ(LabelsOf(0), Labels::Of({{"__name__", "up"}, {"job", "a"}}).value());
  EXPECT_EQ(batch_.series(0).samples.size(), 1u);
}

TEST_F(RemoteWriteDecoderTest, UnsortedLabelsOfAKnownSeriesAreLookedInto) {
  const std::vector<LabelRef> labels{{"job", "a"}, {"__name__", "up"}};
  sink_.known = Labels::Of(labels)->Hash();
  ASSERT_TRUE(Decode(SeriesField(labels, {{1, 1}})).ok());
  EXPECT_EQ(batch_.series(0).id, kUnknownSeries);
  EXPECT_EQ(batch_.series(0).hash, sink_.known);
}

TEST_F(RemoteWriteDecoderTest, KnownSeriesAreFoundInMessagesOfAnyLength) {
  const std::vector<LabelRef> known{{"__name__", "up"}};
  sink_.known = Labels::Of(known)->Hash();
  std::string message;
  for (int i = 0; i < 3'000; ++i) {
    message +=
        SeriesField(i % 2 == 0 ? known : std::vector<LabelRef>{{"__name__", "down"}}, {{i, 1}});
  }
  ASSERT_TRUE(Decode(message + BytesField(3, "")).ok());
  ASSERT_EQ(batch_.size(), 3'000u);
  for (size_t i = 0; i < batch_.size(); ++i) {
    ASSERT_EQ(batch_.series(i).id, i % 2 == 0 ? SeriesId{7} : kUnknownSeries) << i;
    ASSERT_EQ(batch_.series(i).samples[0].timestamp, static_cast<int64_t>(i));
  }
  EXPECT_FALSE(Decode(message + "\x0a").ok());
}

// Otherwise a body of two bytes for each series took 24 times its size in memory.
TEST_F(RemoteWriteDecoderTest, EmptySeriesTakeNoMemory) {
  std::string message;
  for (int i = 0; i < 1'000'000; ++i) message += BytesField(1, "");
  const Result<WriteRequestSummary> summary = Decode(message);
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->series_refused, 1'000'000u);
  EXPECT_LT(decoder_.allocated_bytes() + batch_.allocated_bytes(), 256u << 10);

  sink_.known = Labels::Of({{"__name__", "up"}})->Hash();
  message.clear();
  for (int i = 0; i < 100'000; ++i) message += SeriesField({{"__name__", "up"}}, {});
  ASSERT_TRUE(Decode(message).ok());
  EXPECT_LT(decoder_.allocated_bytes() + batch_.allocated_bytes(), 256u << 10);
}

TEST_F(RemoteWriteDecoderTest, DecodesSeriesAndSamples) {
  ASSERT_TRUE(Decode(SeriesField({{"__name__", "up"}, {"job", "a"}}, {{1000, 1.5}, {-2000, -0.0}}) +
                     SeriesField({{"__name__", "down"}}, {{3000, kStaleNan}}))
                  .ok());
  ASSERT_EQ(batch_.size(), 2u);
  EXPECT_EQ(LabelsOf(0), Labels::Of({{"__name__", "up"}, {"job", "a"}}).value());
  ASSERT_EQ(batch_.series(0).samples.size(), 2u);
  EXPECT_EQ(batch_.series(0).samples[0].value, 1.5);
  EXPECT_EQ(batch_.series(0).samples[1].timestamp, -2000);
  EXPECT_TRUE(std::signbit(batch_.series(0).samples[1].value));
  EXPECT_TRUE(IsStaleNan(batch_.series(1).samples[0].value));
}

TEST_F(RemoteWriteDecoderTest, SortsLabelsAndDropsEmptyValues) {
  ASSERT_TRUE(Decode(SeriesField({{"z", "1"}, {"__name__", "up"}, {"e", ""}}, {{1, 1}})).ok());
  EXPECT_EQ(LabelsOf(0), Labels::Of({{"__name__", "up"}, {"z", "1"}}).value());
}

TEST_F(RemoteWriteDecoderTest, RefusesBadSeriesAndKeepsTheOthers) {
  const std::string good = SeriesField({{"__name__", "up"}}, {{1, 1}});
  const struct {
    std::vector<LabelRef> labels;
    std::string_view reason;
  } cases[] = {
      {{{"job", "a"}}, "no metric name"},
      {{{"__name__", ""}}, "no metric name"},
      {{}, "no metric name"},
      {{{"__name__", "up"}, {"a", "1"}, {"a", "2"}}, "duplicate label name"},
      {{{"__name__", "up"}, {"", "x"}}, "empty label name"},
      {{{"__name__", "up"}, {"a", "\xff\xfe"}}, "not valid UTF-8"},
      {std::vector<LabelRef>(kLabelsPerSeriesMax + 1, {"__name__", "up"}), "too many labels"},
  };
  for (const auto& test : cases) {
    const Result<WriteRequestSummary> summary =
        Decode(good + SeriesField(test.labels, {{1, 1}}) + good);
    ASSERT_TRUE(summary.ok());
    EXPECT_EQ(summary->series_refused, 1u);
    EXPECT_THAT(summary->first_refusal, HasSubstr(test.reason));
    EXPECT_EQ(batch_.size(), 2u);
    EXPECT_EQ(batch_.sample_count(), 2u);
  }
}

TEST_F(RemoteWriteDecoderTest, TellsMetadataAndSkipsUnknownFields) {
  const std::string series =
      BytesField(1, LabelMessage({"__name__", "up"})) + BytesField(99, "unknown");
  const Result<WriteRequestSummary> summary =
      Decode(BytesField(1, series) + BytesField(3, "\x08\x01\x12\x02up\x22\x04help") +
             BytesField(99, "later"));
  ASSERT_TRUE(summary.ok());
  ASSERT_EQ(summary->metadata.size(), 1u);
  EXPECT_EQ(summary->metadata[0],
            (MetricMetadata{.family = "up", .type = "counter", .help = "help", .unit = ""}));
  EXPECT_EQ(summary->series_refused, 0u);
}

TEST_F(RemoteWriteDecoderTest, ExemplarsComeWithSamplesOrAlone) {
  const std::string labels = BytesField(1, LabelMessage({"__name__", "up"}));
  const std::string exemplar =
      BytesField(1, LabelMessage({"trace_id", "abc"})) + "\x11" + DoubleBytes(0.5);
  ASSERT_TRUE(Decode(BytesField(1, labels + BytesField(2, SampleMessage({1000, 5})) +
                                       BytesField(3, exemplar)) +
                     BytesField(1, labels + BytesField(3, exemplar + "\x18\x07")))
                  .ok());
  ASSERT_EQ(batch_.size(), 2u);
  const SeriesBatch::Series with_sample = batch_.series(0);
  ASSERT_EQ(with_sample.exemplars.size(), 1u);
  EXPECT_EQ(with_sample.exemplars[0].timestamp, 1000) << "one without a time has the sample's";
  EXPECT_EQ(with_sample.exemplars[0].value, 0.5);
  EXPECT_EQ(with_sample.labels_of(with_sample.exemplars[0]),
            Labels::Of({{"trace_id", "abc"}}).value().view());
  EXPECT_TRUE(batch_.series(1).samples.empty());
  EXPECT_EQ(batch_.series(1).exemplars[0].timestamp, 7);
}

TEST_F(RemoteWriteDecoderTest, ExemplarsThatCannotBeAreLeftOutAlone) {
  const auto series = [](const std::vector<LabelRef>& labels) {
    std::string exemplar;
    for (const LabelRef& label : labels) exemplar += BytesField(1, LabelMessage(label));
    return BytesField(1, BytesField(1, LabelMessage({"__name__", "up"})) +
                             BytesField(2, SampleMessage({1000, 5})) + BytesField(3, exemplar));
  };
  const std::string long_value(121, 'x');  // 129 characters with its name
  std::string many_bytes;                  // 128 characters with its name
  for (int i = 0; i < 120; ++i) many_bytes += "é";
  const auto summary =
      Decode(series({{"trace_id", long_value}}) + series({{"a", "1"}, {"a", "2"}}) +
             series({{"trace_id", many_bytes}}) + series({}));
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->exemplars_ignored, 1u);
  EXPECT_EQ(summary->exemplars_refused, 1u);
  EXPECT_THAT(summary->first_bad_exemplar, HasSubstr("duplicate label name"));
  EXPECT_EQ(batch_.sample_count(), 4u);
  EXPECT_EQ(batch_.exemplar_count(), 2u);
  EXPECT_FALSE(Decode(BytesField(1, BytesField(1, LabelMessage({"__name__", "up"})) +
                                        BytesField(3, "exemplar")))
                   .ok());
}

TEST_F(RemoteWriteDecoderTest, FloatsAndHistogramsOfOneSeriesAreTwoEntries) {
  const std::string series =
      BytesField(1, LabelMessage({"__name__", "up"})) + BytesField(2, SampleMessage({1000, 5})) +
      BytesField(4, HistogramMessage(2000, {1, 3})) + BytesField(4, HistogramMessage(3000, {2, 3}));
  const Result<WriteRequestSummary> summary = Decode(BytesField(1, series));
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->histograms_refused, 0u);
  ASSERT_EQ(batch_.size(), 2u);
  EXPECT_FALSE(batch_.series(0).has_histograms());
  const SeriesBatch::Series second = batch_.series(1);
  EXPECT_EQ(second.labels, batch_.series(0).labels);
  ASSERT_EQ(second.samples.size(), 2u);
  EXPECT_EQ(second.samples[1].timestamp, 3000);
  const StoredHistogram stored = DecodeHistogram(second.histogram(1)).value();
  EXPECT_EQ(stored.histogram.count, 5);
  EXPECT_TRUE(stored.is_integer);
  ASSERT_EQ(stored.histogram.positive.size(), 2u);
  EXPECT_EQ(stored.histogram.positive[1].count, 3);
}

TEST_F(RemoteWriteDecoderTest, AHistogramThatCannotBeIsRefusedAlone) {
  std::string wrong = HistogramMessage(2000, {1, 3});
  wrong += std::string("\x08\x07", 2);  // count: 7, and not what the buckets hold
  const std::string series = BytesField(1, LabelMessage({"__name__", "up"})) +
                             BytesField(4, wrong) + BytesField(4, HistogramMessage(3000, {2, 3}));
  const Result<WriteRequestSummary> summary = Decode(BytesField(1, series));
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->histograms_refused, 1u);
  EXPECT_THAT(summary->first_bad_histogram, HasSubstr("does not fit its buckets"));
  EXPECT_EQ(batch_.histogram_count(), 1u);
  EXPECT_FALSE(
      Decode(BytesField(1, BytesField(1, LabelMessage({"__name__", "up"})) + BytesField(4, "h")))
          .ok());
}

TEST_F(RemoteWriteDecoderTest, EveryTruncationIsAnErrorOrAShorterRequest) {
  const std::string one = SeriesField({{"__name__", "up"}, {"job", "a"}}, {{1000, 1}, {2000, 2}});
  const std::string message = one + one;
  for (size_t size = 0; size < message.size(); ++size) {
    const bool whole = size == 0 || size == one.size();
    EXPECT_EQ(Decode(message.substr(0, size)).ok(), whole) << size;
  }
}

TEST_F(RemoteWriteDecoderTest, GarbageIsRefused) {
  for (const std::string& bad :
       {std::string("\x0a\xff\xff\xff\xff\x0f"), std::string(1000, '\x0b'), std::string("\x07"),
        std::string(1000, '\xff'), std::string("\0\0", 2), BytesField(1, "\x0a\x05x")}) {
    EXPECT_EQ(Decode(bad).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST_F(RemoteWriteDecoderTest, TooManySamplesAreRefused) {
  std::string series = BytesField(1, LabelMessage({"__name__", "up"}));
  for (size_t i = 0; i <= kSamplesPerRequestMax; ++i) series.append("\x12\0", 2);
  EXPECT_EQ(Decode(BytesField(1, series)).status().code(), StatusCode::kTooLarge);
}

TEST_F(RemoteWriteDecoderTest, TooManySamplesBehindAHistogramAreRefused) {
  std::string series = BytesField(1, LabelMessage({"__name__", "up"})) +
                       BytesField(4, HistogramMessage(2000, {1, 3}));
  for (size_t i = 0; i < kSamplesPerRequestMax; ++i) series.append("\x12\0", 2);
  const std::string more =
      BytesField(1, LabelMessage({"__name__", "down"})) + std::string("\x12\0", 2);
  EXPECT_EQ(Decode(BytesField(1, series) + BytesField(1, more)).status().code(),
            StatusCode::kTooLarge);
}

TEST_F(RemoteWriteDecoderTest, AHugeHistogramIsRefusedBeforeItIsDecoded) {
  const std::string huge =
      HistogramMessage(2000, {1, 3}) + BytesField(12, std::string(kWireHistogramBytesMax, '\0'));
  const std::string series = BytesField(1, LabelMessage({"__name__", "up"})) + BytesField(4, huge) +
                             BytesField(4, HistogramMessage(3000, {2, 3}));
  const auto summary = Decode(BytesField(1, series));
  ASSERT_TRUE(summary.ok()) << summary.status().message();
  EXPECT_EQ(summary->histograms_refused, 1u);
  EXPECT_THAT(summary->first_bad_histogram, HasSubstr("histogram is too large"));
  EXPECT_EQ(batch_.histogram_count(), 1u);
}

// Each difference of a byte becomes a count of eight.
TEST_F(RemoteWriteDecoderTest, HistogramsThatGrowTooLargeTogetherAreRefused) {
  constexpr size_t kBuckets = 60'000;
  const std::string message =
      HistogramMessage(2000, std::vector<int64_t>(kBuckets, int64_t{1} << 47));
  ASSERT_LE(message.size(), kWireHistogramBytesMax);
  std::string series = BytesField(1, LabelMessage({"__name__", "up"}));
  for (size_t bytes = 0; bytes <= kHistogramBytesPerRequestMax; bytes += kBuckets * 8) {
    series += BytesField(4, message);
  }
  EXPECT_EQ(Decode(BytesField(1, series)).status().code(), StatusCode::kTooLarge);
}

TEST_F(RemoteWriteDecoderTest, TimesOfAHistogramThatAreTooFarApartAreRefused) {
  const std::string far = HistogramMessage(INT64_MIN, {1, 3}) + "\x88\x01\x01";  // field 17: 1
  const auto summary =
      Decode(BytesField(1, BytesField(1, LabelMessage({"__name__", "up"})) + BytesField(4, far)));
  ASSERT_TRUE(summary.ok()) << summary.status().message();
  EXPECT_THAT(summary->first_bad_histogram, HasSubstr("times that do not fit"));
}

}  // namespace
}  // namespace luma::prom
