#include "prom/remote_write_v2_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/histogram_codec.h"
#include "prom/testing/limited_memory.h"
#include "prom/testing/write_request_builder.h"

namespace luma::prom {
namespace {

using testing::HasSubstr;

// Knows one series, by its labels.
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

class RemoteWriteV2DecoderTest : public testing::Test {
 protected:
  Result<WriteRequestSummary> Decode(const std::string& message) {
    batch_.Clear();
    return decoder_.Decode(message, sink_, memory_, batch_);
  }
  Result<WriteRequestSummary> Decode() { return Decode(request_.Message()); }
  Labels LabelsOf(size_t index) { return Labels(batch_.series(index).labels); }

  RequestV2Builder request_;
  OneSeriesSink sink_;
  LimitedMemory memory_;
  RemoteWriteV2Decoder decoder_;
  SeriesBatch batch_;
};

TEST_F(RemoteWriteV2DecoderTest, DecodesSeriesSamplesAndStartTimes) {
  request_.AddSeries(request_.Labels({{"__name__", "up"}, {"job", "a"}}) +
                     request_.Sample(1000, 1.5) + request_.Sample(2000, 2.5, 500));
  request_.AddSeries(request_.Labels({{"__name__", "down"}}) + request_.Sample(-3000, kStaleNan));
  const auto summary = Decode();
  ASSERT_TRUE(summary.ok()) << summary.status().message();
  ASSERT_EQ(batch_.size(), 2u);
  EXPECT_EQ(LabelsOf(0), Labels::Of({{"__name__", "up"}, {"job", "a"}}).value());
  ASSERT_EQ(batch_.series(0).samples.size(), 2u);
  EXPECT_EQ(batch_.series(0).samples[1].value, 2.5);
  ASSERT_EQ(batch_.series(0).start_times.size(), 1u);
  EXPECT_EQ(batch_.series(0).start_times[0].sample, 1u);
  EXPECT_EQ(batch_.series(0).start_times[0].start, 500);
  EXPECT_EQ(batch_.series(1).samples[0].timestamp, -3000);
  EXPECT_TRUE(IsStaleNan(batch_.series(1).samples[0].value));
  EXPECT_TRUE(batch_.series(1).start_times.empty());
}

TEST_F(RemoteWriteV2DecoderTest, AKnownSeriesIsFoundByTheHashOfItsLabels) {
  const std::string long_value(300, 'x');
  const std::vector<LabelRef> labels{{"__name__", "up"}, {"job", long_value}};
  sink_.known = Labels::Of(labels)->Hash();
  for (int i = 0; i < 3'000; ++i) {
    request_.AddSeries(
        request_.Labels(i % 2 == 0 ? labels : std::vector<LabelRef>{{"__name__", "down"}}) +
        request_.Sample(i, 1));
  }
  ASSERT_TRUE(Decode().ok());
  ASSERT_EQ(batch_.size(), 3'000u);
  for (size_t i = 0; i < batch_.size(); ++i) {
    ASSERT_EQ(batch_.series(i).id, i % 2 == 0 ? SeriesId{7} : kUnknownSeries) << i;
    ASSERT_EQ(batch_.series(i).samples[0].timestamp, static_cast<int64_t>(i));
  }
}

// Otherwise a series would get the samples of another one.
TEST_F(RemoteWriteV2DecoderTest, LabelsBehindSamplesMakeAnotherSeries) {
  sink_.known = Labels::Of({{"__name__", "up"}})->Hash();
  request_.AddSeries(request_.Labels({{"__name__", "up"}}) + request_.Sample(1, 1) +
                     request_.Labels({{"job", "a"}}));
  ASSERT_TRUE(Decode().ok());
  ASSERT_EQ(batch_.size(), 1u);
  EXPECT_EQ(batch_.series(0).id, kUnknownSeries);
  EXPECT_EQ(LabelsOf(0), Labels::Of({{"__name__", "up"}, {"job", "a"}}).value());
  EXPECT_EQ(batch_.series(0).samples.size(), 1u);
}

TEST_F(RemoteWriteV2DecoderTest, UnsortedAndUnpackedLabelsMakeTheSameSeries) {
  std::string unpacked;
  for (const std::string_view text : {"job", "a", "__name__", "up", "e", ""}) {
    AppendVarint(request_.Symbol(text), unpacked += "\x08");
  }
  request_.AddSeries(unpacked + request_.Sample(1, 1));
  ASSERT_TRUE(Decode().ok());
  EXPECT_EQ(LabelsOf(0), Labels::Of({{"__name__", "up"}, {"job", "a"}}).value());
}

TEST_F(RemoteWriteV2DecoderTest, RefusesBadSeriesAndKeepsTheOthers) {
  const auto references = [](std::initializer_list<uint64_t> numbers) {
    std::string packed;
    for (const uint64_t number : numbers) AppendVarint(number, packed);
    return BytesField(1, packed);
  };
  const std::string name = request_.Labels({{"__name__", "up"}});
  const struct {
    std::string labels;
    std::string_view reason;
  } cases[] = {
      {request_.Labels({{"job", "a"}}), "no metric name"},
      {request_.Labels({{"__name__", ""}}), "no metric name"},
      {"", "no metric name"},
      {request_.Labels({{"__name__", "up"}, {"a", "1"}, {"a", "2"}}), "duplicate label name"},
      {request_.Labels({{"__name__", "up"}, {"", "x"}}), "empty label name"},
      {request_.Labels({{"__name__", "up"}, {"a", "\xff\xfe"}}), "not valid UTF-8"},
      {references({1, 2, 1}), "odd number of label references: count=3"},
      {references({1, 999}), "label reference to no symbol: reference=999"},
      {references({1, UINT64_MAX}), "label reference to no symbol"},
      {BytesField(1, "\x01\xff"), "label reference to no symbol"},
      {request_.Labels(std::vector<LabelRef>(kLabelsPerSeriesMax + 1, {"__name__", "up"})),
       "too many labels"},
      {name + RequestV2Builder::RawMetadata(1, 4000, 0), "metadata refers to no symbol"},
  };
  for (const auto& test : cases) {
    RequestV2Builder request = request_;
    for (const std::string& labels : {name, test.labels, name}) {
      request.AddSeries(labels + RequestV2Builder::Sample(1, 1));
    }
    const auto summary = Decode(request.Message());
    ASSERT_TRUE(summary.ok()) << test.reason;
    EXPECT_EQ(summary->series_refused, 1u) << test.reason;
    EXPECT_THAT(summary->first_refusal, HasSubstr(test.reason));
    EXPECT_EQ(batch_.size(), 2u) << test.reason;
  }
}

TEST_F(RemoteWriteV2DecoderTest, WhatIsNoSuchMessageIsRefused) {
  const std::string one_of_version_one = SeriesField({{"__name__", "up"}}, {{1, 1}});
  const std::string first_symbol_not_empty = BytesField(4, "up");
  for (const std::string& bad :
       {one_of_version_one, first_symbol_not_empty, std::string("\x2a\xff\xff\xff\xff\x0f"),
        std::string("\x22\xff\xff\xff\xff\x0f"), std::string(1000, '\xff'),
        BytesField(5, "\x12\x05x"), BytesField(5, BytesField(2, "\x09")),
        BytesField(5, BytesField(4, "\x11")), BytesField(5, BytesField(5, "\x08"))}) {
    EXPECT_EQ(Decode(bad).status().code(), StatusCode::kInvalidArgument);
  }
  EXPECT_TRUE(Decode("").ok());
}

TEST_F(RemoteWriteV2DecoderTest, EveryTruncationIsAnErrorOrAShorterRequest) {
  request_.AddSeries(request_.Labels({{"__name__", "up"}}) + request_.Sample(1000, 1));
  const std::string shorter = request_.Message();
  request_.AddSeries(request_.Labels({{"__name__", "up"}}) + request_.Sample(2000, 2));
  const std::string message = request_.Message();
  size_t whole = 0;
  for (size_t size = 0; size < message.size(); ++size) {
    whole += Decode(message.substr(0, size)).ok() ? 1 : 0;
  }
  EXPECT_EQ(whole, 5u) << "nothing, three symbols, one series";
  EXPECT_TRUE(Decode(shorter).ok());
}

TEST_F(RemoteWriteV2DecoderTest, HistogramsAndExemplarsComeAlong) {
  std::string with_start = HistogramMessage(3000, {2, 3});
  AppendVarint(1000, with_start += "\x88\x01");  // field 17
  request_.AddSeries(request_.Labels({{"__name__", "h"}}) +
                     BytesField(3, HistogramMessage(2000, {1, 3})) + BytesField(3, with_start) +
                     request_.Exemplar({{"trace_id", "abc"}}, 0.5, 2500) +
                     request_.Exemplar({}, 0.25, 0));
  const auto summary = Decode();
  ASSERT_TRUE(summary.ok()) << summary.status().message();
  ASSERT_EQ(batch_.size(), 1u);
  const SeriesBatch::Series series = batch_.series(0);
  ASSERT_TRUE(series.has_histograms());
  EXPECT_EQ(DecodeHistogram(series.histogram(1))->age_ms, 2000);
  ASSERT_EQ(series.exemplars.size(), 2u);
  EXPECT_EQ(series.labels_of(series.exemplars[0]), Labels::Of({{"trace_id", "abc"}})->view());
  EXPECT_EQ(series.exemplars[1].timestamp, 3000) << "one without a time has the sample's";
}

TEST_F(RemoteWriteV2DecoderTest, ABadExemplarIsRefusedAlone) {
  request_.AddSeries(request_.Labels({{"__name__", "up"}}) + request_.Sample(1, 1) +
                     BytesField(4, BytesField(1, "\x01")) +
                     BytesField(4, BytesField(1, "\x01\x7f")) +
                     request_.Exemplar({{"a", "b"}}, 1, 1));
  const auto summary = Decode();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->exemplars_refused, 2u);
  EXPECT_THAT(summary->first_bad_exemplar, HasSubstr("odd number"));
  EXPECT_EQ(batch_.sample_count(), 1u);
  EXPECT_EQ(batch_.exemplar_count(), 1u);
}

// The specification's first versions had one start for a whole series.
TEST_F(RemoteWriteV2DecoderTest, TheStartOfASeriesIsThatOfItsSamples) {
  request_.AddSeries(request_.Labels({{"__name__", "up"}}) + request_.Sample(1000, 1) +
                     request_.Sample(2000, 2, 1500) + BytesField(3, HistogramMessage(3000, {1})) +
                     "\x30\x07");
  ASSERT_TRUE(Decode().ok());
  ASSERT_EQ(batch_.size(), 2u);
  ASSERT_EQ(batch_.series(0).start_times.size(), 2u);
  EXPECT_EQ(batch_.series(0).start_times[0].start, 7);
  EXPECT_EQ(batch_.series(0).start_times[1].start, 1500);
  EXPECT_EQ(DecodeHistogram(batch_.series(1).histogram(0))->age_ms, 2993);
}

TEST_F(RemoteWriteV2DecoderTest, MetadataIsToldOnceForEachMetric) {
  for (const std::string_view name : {"h_bucket", "h_sum", "h_count"}) {
    for (int i = 0; i < 3; ++i) {
      request_.AddSeries(request_.Labels({{"__name__", name}, {"i", std::to_string(i)}}) +
                         request_.Sample(1, 1) + request_.Metadata(3, "help", "seconds"));
    }
  }
  request_.AddSeries(request_.Labels({{"__name__", "c_total"}}) + request_.Metadata(1, "c", ""));
  const auto summary = Decode();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(batch_.size(), 9u) << "a series that only tells metadata has nothing to store";
  ASSERT_EQ(summary->metadata.size(), 4u);
  EXPECT_EQ(
      summary->metadata[0],
      (MetricMetadata{.family = "h", .type = "histogram", .help = "help", .unit = "seconds"}));
  EXPECT_EQ(summary->metadata[3].family, "c_total");
}

// A few bytes of references can name 128 KiB of labels.
TEST_F(RemoteWriteV2DecoderTest, LabelsOfNewSeriesAreBooked) {
  const std::string huge(60'000, 'x');
  for (int i = 0; i < 100; ++i) {
    request_.AddSeries(
        request_.Labels({{"__name__", "up"}, {"a", huge}, {"i", std::to_string(i)}}) +
        request_.Sample(1, 1));
  }
  ASSERT_TRUE(Decode().ok());
  EXPECT_EQ(batch_.size(), 100u);
  EXPECT_GE(memory_.booked + request_.Message().size(), batch_.label_bytes());
  memory_.limit = memory_.booked;
  EXPECT_EQ(Decode().status().code(), StatusCode::kOutOfMemory);
}

TEST_F(RemoteWriteV2DecoderTest, TooManyLabelBytesAreRefused) {
  const std::string huge(60'000, 'x');
  const std::string fields =
      request_.Labels({{"__name__", "up"}, {"a", huge}}) + request_.Sample(1, 1);
  sink_.known = Labels::Of({{"__name__", "up"}, {"a", huge}})->Hash();
  for (size_t i = 0; i < kLabelBytesPerRequestMax / huge.size() + 1; ++i) {
    request_.AddSeries(fields);
  }
  EXPECT_EQ(Decode().status().code(), StatusCode::kTooLarge);
}

// Fourteen bytes each, that copy 128 KiB before they are found to be too long.
TEST_F(RemoteWriteV2DecoderTest, LabelsThatAreTooLongCountToo) {
  const std::string huge(kLabelTextBytesMax, 'x');
  const std::string fields =
      request_.Labels({{"a", huge}, {"b", huge}, {"c", huge}, {"d", huge}}) + request_.Sample(1, 1);
  for (size_t i = 0; i < kLabelBytesPerRequestMax / huge.size(); ++i) request_.AddSeries(fields);
  EXPECT_EQ(Decode().status().code(), StatusCode::kTooLarge);
}

TEST_F(RemoteWriteV2DecoderTest, ATypeThatIsNotKnownIsToldOnce) {
  const std::string labels = request_.Labels({{"__name__", "m"}});
  for (int type = 0; type < 1000; ++type) {
    request_.AddSeries(labels + request_.Metadata(type, "help", ""));
  }
  const auto summary = Decode();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->metadata.size(), 8u) << "seven types, and that of all others";
}

// Few bytes of references name large texts.
TEST_F(RemoteWriteV2DecoderTest, BytesOfMetadataAreBoundedAndBooked) {
  const std::string help(1 << 20, 'x');
  for (int i = 0; i < 40; ++i) {
    request_.AddSeries(request_.Labels({{"__name__", "m" + std::to_string(i)}}) +
                       request_.Metadata(1, help, ""));
  }
  const auto summary = Decode();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->metadata.size(), WrittenMetadata::kBytesMax / help.size() - 1);
  EXPECT_EQ(summary->metadata.size() + summary->metadata_ignored, 40u);
  EXPECT_GE(memory_.booked + request_.Message().size(), summary->metadata.size() * help.size());
  memory_.limit = memory_.booked;
  EXPECT_EQ(Decode().status().code(), StatusCode::kOutOfMemory);
}

TEST_F(RemoteWriteV2DecoderTest, MetadataIsToldOfLabelsInAnyForm) {
  std::string unpacked;
  for (const std::string_view text : {"__name__", "up"}) {
    AppendVarint(request_.Symbol(text), unpacked += "\x08");
  }
  request_.AddSeries(unpacked + request_.Metadata(1, "u", ""));
  request_.AddSeries(request_.Sample(1, 1) + request_.Labels({{"__name__", "down"}}) +
                     request_.Metadata(1, "d", ""));
  const auto summary = Decode();
  ASSERT_TRUE(summary.ok());
  ASSERT_EQ(summary->metadata.size(), 2u);
  EXPECT_EQ(summary->metadata[0].family, "up");
  EXPECT_EQ(summary->metadata[1].family, "down");
}

// What is refused takes time, too.
TEST_F(RemoteWriteV2DecoderTest, ExemplarsThatAreNotTakenCountForTheirLimit) {
  const std::string labels = request_.Labels({{"__name__", "up"}});
  const std::string good = request_.Exemplar({{"a", "b"}}, 1, 1);
  const std::string no_labels = BytesField(4, BytesField(1, "\x01"));
  const std::string too_long = request_.Exemplar({{"a", std::string(100'000, 'x')}}, 1, 1);
  for (const std::string& bad : {no_labels, too_long}) {
    RequestV2Builder request = request_;
    std::string fields = labels;
    for (size_t i = 0; i < kExemplarsPerRequestMax; ++i) fields += bad;
    request.AddSeries(fields);
    request.AddSeries(labels + good);
    const auto summary = Decode(request.Message());
    ASSERT_TRUE(summary.ok());
    EXPECT_EQ(batch_.exemplar_count(), 0u);
    EXPECT_EQ(summary->exemplars_refused + summary->exemplars_ignored, kExemplarsPerRequestMax + 1);
  }
}

TEST_F(RemoteWriteV2DecoderTest, ExemplarsOfKnownSeriesAreBooked) {
  sink_.known = Labels::Of({{"__name__", "up"}})->Hash();
  std::string fields = request_.Labels({{"__name__", "up"}});
  const std::string exemplar = request_.Exemplar({{"trace_id", std::string(100, 'x')}}, 1, 1);
  for (int i = 0; i < 30'000; ++i) fields += exemplar;
  request_.AddSeries(fields);
  ASSERT_TRUE(Decode().ok());
  EXPECT_EQ(batch_.exemplar_count(), 30'000u);
  EXPECT_GE(memory_.booked + request_.Message().size(), batch_.label_bytes());
  memory_.limit = memory_.booked;
  EXPECT_EQ(Decode().status().code(), StatusCode::kOutOfMemory);
}

TEST_F(RemoteWriteV2DecoderTest, SeriesAndHistogramsAreBookedBeforeTheyGrow) {
  sink_.known = Labels::Of({{"__name__", "h"}})->Hash();
  const std::string labels = request_.Labels({{"__name__", "h"}});
  RequestV2Builder many = request_;
  for (int i = 0; i < 200'000; ++i) many.AddSeries(labels + BytesField(2, ""));
  RequestV2Builder large = request_;
  const std::vector<int64_t> counts(10'000, int64_t{1} << 38);  // a byte each, and six stored
  for (int i = 0; i < 100; ++i) {
    large.AddSeries(labels + BytesField(3, HistogramMessage(i, counts)));
  }
  for (const RequestV2Builder& request : {many, large}) {
    memory_ = {};
    ASSERT_TRUE(Decode(request.Message()).ok());
    EXPECT_GT(memory_.booked, 0u);
    memory_ = {};
    memory_.limit = 0;
    EXPECT_EQ(Decode(request.Message()).status().code(), StatusCode::kOutOfMemory);
    EXPECT_LE(batch_.histogram_bytes(), request.Message().size());
  }
}

TEST_F(RemoteWriteV2DecoderTest, TooManySymbolsAndSamplesAreRefused) {
  std::string symbols;
  for (size_t i = 0; i <= kSymbolsPerRequestMax; ++i) symbols.append("\x22\0", 2);
  EXPECT_EQ(Decode(symbols).status().code(), StatusCode::kTooLarge);
  std::string series = request_.Labels({{"__name__", "up"}});
  for (size_t i = 0; i <= kSamplesPerRequestMax; ++i) series.append("\x12\0", 2);
  request_.AddSeries(series);
  EXPECT_EQ(Decode().status().code(), StatusCode::kTooLarge);
}

}  // namespace
}  // namespace luma::prom
