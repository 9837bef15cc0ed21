#include "prom/remote_read.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <snappy.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "model/histogram_codec.h"
#include "model/protobuf_reader.h"
#include "model/testing/memory_metrics.h"
#include "prom/protobuf_writer.h"
#include "prom/remote_read_response.h"
#include "prom/wire_histogram.h"
#include "promql/float_text.h"
#include "promql/testing/rolled_up_series.h"

namespace luma::prom {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string Compressed(std::string_view message) {
  std::string out;
  snappy::Compress(message.data(), message.size(), &out);
  return out;
}

std::string MatcherMessage(uint64_t type, std::string_view name, std::string_view value) {
  std::string matcher;
  AppendVarintField(matcher, 1, type);
  AppendBytesField(matcher, 2, name);
  AppendBytesField(matcher, 3, value);
  return matcher;
}

std::string QueryField(UnixMillis start, UnixMillis end, const std::string& matcher) {
  std::string query;
  AppendVarintField(query, 1, static_cast<uint64_t>(start));
  AppendVarintField(query, 2, static_cast<uint64_t>(end));
  AppendBytesField(query, 3, matcher);
  AppendBytesField(query, 4, "");  // hints
  std::string field;
  AppendBytesField(field, 1, query);
  return field;
}

// Every text in the message, at any depth, so that a test can look for what it expects.
std::vector<std::string> Fields(std::string_view message, uint32_t tag) {
  std::vector<std::string> found;
  ProtobufReader reader(message);
  while (reader.Next()) {
    if (reader.tag() == tag) {
      found.emplace_back(reader.Bytes());
    } else {
      reader.Skip();
    }
  }
  EXPECT_TRUE(reader.ok());
  return found;
}
constexpr uint32_t kField1 = ProtobufReader::Tag(1, ProtobufReader::kBytes);
constexpr uint32_t kField2 = ProtobufReader::Tag(2, ProtobufReader::kBytes);

// "1.5 @1000" for each sample of the message.
std::vector<std::string> SampleTexts(std::string_view message) {
  std::vector<std::string> texts;
  for (const std::string& result : Fields(message, kField1)) {
    for (const std::string& series : Fields(result, kField1)) {
      for (const std::string& sample : Fields(series, kField2)) {
        ProtobufReader reader(sample);
        EXPECT_TRUE(reader.Next());
        const std::string value = promql::FloatText(reader.Double());
        EXPECT_TRUE(reader.Next());
        texts.push_back(value + " @" + std::to_string(reader.Varint()));
      }
    }
  }
  return texts;
}

class RemoteReadTest : public testing::Test {
 protected:
  RemoteReadTest() {
    metrics_.Add({{"__name__", "up"}, {"job", "a"}}, {{1'000, 1}, {2'000, 0}, {3'000, 1}});
    metrics_.Add({{"__name__", "up"}, {"job", "b"}}, {{2'000, 5}});
  }
  MemoryMetrics metrics_;
  RemoteReadHandler handler_{metrics_};
};

// The last sample of a bucket is one that was sent: it is given at its own time, not at the end of
// the bucket, if that time was asked for.
TEST_F(RemoteReadTest, OfABucketGivesTheLastSampleAtItsTime) {
  const promql::RolledUpSeries source = promql::RolledUpSeries()
                                            .Add(Sample{3'000, 4})  // late
                                            .Add(promql::Bucket(0, 1, 1, 7))
                                            .Add(Sample{70'000, 8});
  RemoteReadHandler handler(source);
  const auto samples = [&](UnixMillis start, UnixMillis end) {
    const net::HttpResponse response =
        handler.Handle(Compressed(QueryField(start, end, MatcherMessage(0, "__name__", "m"))));
    EXPECT_EQ(response.status, 200) << response.body;
    std::string message;
    EXPECT_TRUE(snappy::Uncompress(response.body.data(), response.body.size(), &message));
    return SampleTexts(message);
  };
  EXPECT_THAT(samples(0, 90'000), ElementsAre("4 @3000", "7 @60000", "8 @70000"));
  EXPECT_THAT(samples(10'000, 60'000), ElementsAre("7 @60000"));
  EXPECT_THAT(samples(60'001, 65'000), IsEmpty());
  EXPECT_THAT(samples(10'000, 59'999), IsEmpty());
}

TEST_F(RemoteReadTest, AnswersSamplesOfEachQuery) {
  const net::HttpResponse response =
      handler_.Handle(Compressed(QueryField(2'000, 3'000, MatcherMessage(0, "__name__", "up")) +
                                 QueryField(0, 9'000, MatcherMessage(2, "job", "c|b"))));
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.content_type, "application/x-protobuf");
  std::string message;
  ASSERT_TRUE(snappy::Uncompress(response.body.data(), response.body.size(), &message));
  const std::vector<std::string> results = Fields(message, kField1);
  ASSERT_EQ(results.size(), 2u);
  const std::vector<std::string> series = Fields(results[0], kField1);
  ASSERT_EQ(series.size(), 2u);
  EXPECT_EQ(Fields(series[0], kField1).size(), 2u) << "labels";
  EXPECT_EQ(Fields(series[0], kField2).size(), 2u) << "samples";
  EXPECT_EQ(Fields(series[0], kField2)[1], std::string("\x09\0\0\0\0\0\0\xf0\x3f\x10\xb8\x17", 12));
  EXPECT_EQ(Fields(results[1], kField1).size(), 1u);
}

TEST_F(RemoteReadTest, StreamsChunksInCheckedFrames) {
  const std::string body = QueryField(0, 9'000, MatcherMessage(1, "job", "b"));
  const net::HttpResponse response =
      handler_.Handle(Compressed(body + std::string("\x12\x02\x01\x00", 4)));
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.content_type,
            "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse");
  const auto length = static_cast<size_t>(response.body[0]);
  ASSERT_EQ(response.body.size(), length + 5);
  const std::string message = response.body.substr(5);
  uint32_t checksum = 0;
  for (size_t i = 1; i < 5; ++i) {
    checksum = checksum << 8 | static_cast<unsigned char>(response.body[i]);
  }
  EXPECT_EQ(checksum, Crc32c(AsBytes(message)));
  const std::vector<std::string> series = Fields(message, kField1);
  ASSERT_EQ(series.size(), 1u);
  EXPECT_EQ(Fields(series[0], kField1).size(), 2u) << "labels";
  ASSERT_EQ(Fields(series[0], kField2).size(), 1u) << "chunks";
}

TEST_F(RemoteReadTest, NativeHistogramsAreAmongTheSamples) {
  FloatHistogram histogram;
  histogram.count = 3;
  histogram.sum = 4.5;
  histogram.zero_threshold = 0x1p-10;
  histogram.positive = {{-1, 1}, {0, 1.25}, {3, 0.75}};
  for (const UnixMillis time : {2'000, 3'000}) {
    metrics_.AddHistogram({{"__name__", "both"}}, time, histogram);
  }
  metrics_.Add({{"__name__", "both"}}, {{1'000, 7}, {4'000, 8}});
  const std::string query = QueryField(0, 9'000, MatcherMessage(0, "__name__", "both"));
  const net::HttpResponse sampled = handler_.Handle(Compressed(query));
  std::string message;
  ASSERT_TRUE(snappy::Uncompress(sampled.body.data(), sampled.body.size(), &message));
  const std::string series = Fields(Fields(message, kField1)[0], kField1)[0];
  EXPECT_EQ(Fields(series, kField2).size(), 2u) << "floats";
  const std::vector<std::string> histograms =
      Fields(series, ProtobufReader::Tag(4, ProtobufReader::kBytes));
  ASSERT_EQ(histograms.size(), 2u);
  WireHistogram decoded;
  ASSERT_TRUE(DecodeWireHistogram(histograms[1], decoded));
  EXPECT_EQ(decoded.timestamp, 3'000);
  EXPECT_EQ(decoded.hint, ResetHint::kNotReset);
  std::string bytes;
  ASSERT_TRUE(AppendWireHistogram(decoded, bytes).ok());
  EXPECT_TRUE(AreSameHistograms(DecodeHistogram(bytes)->histogram, histogram));

  const net::HttpResponse streamed =
      handler_.Handle(Compressed(query + std::string("\x12\x02\x01\x00", 4)));
  const std::vector<std::string> chunks =
      Fields(Fields(streamed.body.substr(streamed.body[0] < 0 ? 6 : 5), kField1)[0], kField2);
  ASSERT_EQ(chunks.size(), 3u) << "a float, two histograms, a float";
  EXPECT_THAT(chunks[1], HasSubstr(std::string("\x08\xd0\x0f\x10\xb8\x17\x18\x03", 8)));
}

TEST_F(RemoteReadTest, LongSeriesAreSplitOverFrames) {
  std::vector<Sample> samples;
  for (int i = 0; i < 400'000; ++i) samples.push_back({i, 1.0 / (i + 1)});
  metrics_.Add({{"__name__", "long"}}, samples);
  const std::string types("\x10\x01", 2);  // not packed
  const net::HttpResponse response = handler_.Handle(
      Compressed(QueryField(0, 1'000'000, MatcherMessage(0, "__name__", "long")) + types));
  ASSERT_EQ(response.status, 200);
  size_t frames = 0;
  for (std::string_view rest = response.body; !rest.empty(); ++frames) {
    size_t length = 0;
    for (int shift = 0;; shift += 7, rest.remove_prefix(1)) {
      length |= (static_cast<unsigned char>(rest[0]) & size_t{0x7f}) << shift;
      if (static_cast<unsigned char>(rest[0]) < 0x80) break;
    }
    rest.remove_prefix(5);
    ASSERT_LE(length, rest.size());
    EXPECT_LE(length, kReadFrameBytesMax + 4096);
    rest.remove_prefix(length);
  }
  EXPECT_GT(frames, 2u);
}

TEST_F(RemoteReadTest, WhatMakesNoSenseIs400) {
  const std::string query = QueryField(0, 1, MatcherMessage(0, "a", "b"));
  const struct {
    std::string body, error;
  } cases[] = {
      {"", "bad snappy"},
      {Compressed(query.substr(0, query.size() - 1)), "malformed protobuf"},
      {Compressed(QueryField(0, 1, MatcherMessage(9, "a", "b"))), "invalid matcher type"},
      {Compressed(QueryField(0, 1, MatcherMessage(2, "a", "("))), "("},
      {Compressed(QueryField(0, 1, MatcherMessage(0, "a", "\xff"))), "not valid UTF-8"},
      {Compressed(query + "\x10\x07"), "does not support any of the requested response types"},
      {Compressed(query + std::string("\x12\x03\xff\x01\x07", 5)), "does not support any"},
  };
  for (const auto& one : cases) {
    const net::HttpResponse response = handler_.Handle(one.body);
    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(response.body, HasSubstr(one.error));
  }
}

TEST_F(RemoteReadTest, ReadingTooMuchIsRefused) {
  const RemoteReadHandler small(metrics_, {.samples_max = 2});
  const std::string body = Compressed(QueryField(0, 9'000, MatcherMessage(0, "__name__", "up")));
  EXPECT_EQ(small.Handle(body).status, 400);
  storage::MemoryBudget budget(64);
  const RemoteReadHandler poor(metrics_, {.budget = &budget});
  EXPECT_EQ(poor.Handle(body).status, 503);
}

}  // namespace
}  // namespace luma::prom
