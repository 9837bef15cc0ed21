// Goal: what Prometheus reads out of a chunk is what went in.
// Method: a reader of the format, written apart from the encoder, reads every chunk back.
#include "prom/histogram_chunk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "prom/testing/chunk_reader.h"
#include "prom/xor_chunk.h"

namespace luma::prom {
namespace {

using Samples = std::vector<std::pair<UnixMillis, FloatHistogram>>;

class HistogramChunkReader {
 public:
  explicit HistogramChunkReader(const std::string& chunk) : bits_(chunk) {}

  Samples Read() {
    Samples samples;
    const uint64_t count = bits_.Take(16);
    header_ = static_cast<uint8_t>(bits_.Take(8));
    ReadLayout();
    int64_t time = 0;
    int64_t delta = 0;
    for (uint64_t i = 0; i < count; ++i) {
      const int64_t read = bits_.Varbit();
      if (i > 0) delta += read;
      time = i == 0 ? read : time + delta;
      samples.emplace_back(time, ReadHistogram(i == 0));
    }
    return samples;
  }
  uint8_t header() const { return header_; }
  size_t bytes_used() const { return bits_.bytes_used(); }

 private:
  void ReadLayout() {
    const uint64_t threshold = bits_.Take(8);
    layout_.zero_threshold = threshold == 0 ? 0
                             : threshold == 255
                                 ? std::bit_cast<double>(bits_.Take(64))
                                 : std::ldexp(0.5, static_cast<int>(threshold) - 243);
    layout_.schema = static_cast<int32_t>(bits_.Varbit());
    ReadSpans(layout_.positive);
    ReadSpans(layout_.negative);
    positive_.resize(layout_.positive.size());
    negative_.resize(layout_.negative.size());
    if (!layout_.has_custom_bounds()) return;
    for (uint64_t bounds = bits_.VarbitUnsigned(); bounds > 0; --bounds) {
      const uint64_t number = bits_.VarbitUnsigned();
      layout_.custom_bounds.push_back(number == 0 ? std::bit_cast<double>(bits_.Take(64))
                                                  : static_cast<double>(number - 1) / 1000);
    }
  }
  void ReadSpans(std::vector<HistogramBucket<double>>& buckets) {
    int32_t index = 0;
    for (uint64_t spans = bits_.VarbitUnsigned(); spans > 0; --spans) {
      const uint64_t length = bits_.VarbitUnsigned();
      index += static_cast<int32_t>(bits_.Varbit());
      for (uint64_t i = 0; i < length; ++i) buckets.push_back({index++, 0});
    }
  }
  FloatHistogram ReadHistogram(bool first) {
    const auto next = [&](XorReader& column) {
      return first ? column.First(bits_) : column.Next(bits_);
    };
    FloatHistogram histogram = layout_;
    histogram.count = next(count_);
    histogram.zero_count = next(zero_count_);
    histogram.sum = next(sum_);
    for (size_t i = 0; i < positive_.size(); ++i) histogram.positive[i].count = next(positive_[i]);
    for (size_t i = 0; i < negative_.size(); ++i) histogram.negative[i].count = next(negative_[i]);
    return histogram;
  }

  ChunkBits bits_;
  FloatHistogram layout_;
  XorReader count_, zero_count_, sum_;
  std::vector<XorReader> positive_, negative_;
  uint8_t header_ = 0;
};

HistogramPtr Shared(FloatHistogram histogram) {
  return std::make_shared<const FloatHistogram>(std::move(histogram));
}

void ExpectRoundTrip(const std::vector<UnixMillis>& times,
                     const std::vector<HistogramPtr>& histograms) {
  ASSERT_EQ(HistogramChunkSamples(histograms), histograms.size());
  const std::string chunk = EncodeHistogramChunk(times, histograms);
  HistogramChunkReader reader(chunk);
  const Samples samples = reader.Read();
  ASSERT_EQ(samples.size(), times.size());
  for (size_t i = 0; i < times.size(); ++i) {
    EXPECT_EQ(samples[i].first, times[i]);
    EXPECT_TRUE(AreSameHistograms(samples[i].second, *histograms[i])) << i;
  }
  EXPECT_EQ(reader.bytes_used(), chunk.size());
}

FloatHistogram Exponential(std::vector<HistogramBucket<double>> positive,
                           ResetHint hint = ResetHint::kNotReset) {
  FloatHistogram histogram;
  histogram.hint = hint;
  histogram.positive = std::move(positive);
  for (const auto& bucket : histogram.positive) histogram.count += bucket.count;
  histogram.sum = histogram.count / 3;
  return histogram;
}

TEST(HistogramChunkTest, BucketsThatComeAndGoShareOneLayout) {
  ExpectRoundTrip(
      {-5, 15'000, 30'001},
      {Shared(Exponential({{-7, 1}, {3, 2}})),
       Shared(Exponential({{-7, 1}, {-6, 1}, {3, 2}, {900'000, 1}})), Shared(Exponential({}))});
}

TEST(HistogramChunkTest, ZeroBucketsNegativeSidesAndCustomBounds) {
  for (const double threshold : {0.0, 0x1p-128, 0x1p10, 0x1p-243, 0.001, 5e-324}) {
    FloatHistogram histogram = Exponential({{1, 1.5}}, ResetHint::kGauge);
    histogram.schema = -4;
    histogram.zero_threshold = threshold;
    histogram.zero_count = 7;
    histogram.negative = {{-1, 0.25}, {70, 1e300}};
    ExpectRoundTrip({-(int64_t{1} << 60), int64_t{1} << 60},
                    {Shared(histogram), Shared(histogram)});
  }
  FloatHistogram custom = Exponential({{0, 1}, {7, 2}});
  custom.schema = kCustomBoundsSchema;
  custom.custom_bounds = {-1, 0, 0.001, 0.1, 1.0 / 3, 5, 33'554.43, 1e9};
  ExpectRoundTrip({1'700'000'000'000}, {Shared(custom)});
}

TEST(HistogramChunkTest, AChunkEndsWhereAReaderCouldNotTell) {
  const FloatHistogram counter = Exponential({{1, 1}});
  const FloatHistogram gauge = Exponential({{1, 1}}, ResetHint::kGauge);
  FloatHistogram finer = counter;
  finer.schema = 1;
  FloatHistogram wider = counter;
  wider.zero_threshold = 1;
  const auto samples_with = [&](const FloatHistogram& third) {
    return HistogramChunkSamples(
        std::vector<HistogramPtr>{Shared(counter), Shared(counter), Shared(third)});
  };
  EXPECT_EQ(samples_with(counter), 3u);
  EXPECT_EQ(samples_with(Exponential({{1, 1}}, ResetHint::kReset)), 2u);
  EXPECT_EQ(samples_with(Exponential({{1, 1}}, ResetHint::kUnknown)), 2u);
  EXPECT_EQ(samples_with(gauge), 2u);
  EXPECT_EQ(samples_with(finer), 2u);
  EXPECT_EQ(samples_with(wider), 2u);
  EXPECT_EQ(HistogramChunkSamples(std::vector<HistogramPtr>(500, Shared(gauge))),
            kXorChunkSamplesMax);
}

TEST(HistogramChunkTest, TheHeaderTellsOfResets) {
  for (const auto& [hint, header] :
       std::vector<std::pair<ResetHint, int>>{{ResetHint::kUnknown, 0x00},
                                              {ResetHint::kReset, 0x80},
                                              {ResetHint::kNotReset, 0x40},
                                              {ResetHint::kGauge, 0xc0}}) {
    const std::string chunk = EncodeHistogramChunk(
        std::vector<UnixMillis>{1}, std::vector<HistogramPtr>{Shared(Exponential({{1, 1}}, hint))});
    EXPECT_EQ(static_cast<unsigned char>(chunk[2]), header);
  }
}

TEST(HistogramChunkTest, RandomSeries) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 100; ++round) {
    std::vector<UnixMillis> times;
    std::vector<HistogramPtr> histograms;
    UnixMillis time = static_cast<int64_t>(random() % 2'000'000'000'000);
    const size_t count = 1 + random() % kXorChunkSamplesMax;
    for (size_t i = 0; i < count; ++i) {
      std::vector<HistogramBucket<double>> buckets;
      int32_t index = static_cast<int32_t>(random() % 100) - 50;
      for (uint64_t n = random() % 20; n > 0; --n) {
        index += 1 + static_cast<int32_t>(random() % (uint64_t{1} << (random() % 20)));
        buckets.push_back({index, static_cast<double>(random() % 1'000'000) / 16});
      }
      times.push_back(time);
      time += 1 + static_cast<int64_t>(random() % (uint64_t{1} << (random() % 40)));
      histograms.push_back(Shared(Exponential(std::move(buckets))));
    }
    ExpectRoundTrip(times, histograms);
  }
}

}  // namespace
}  // namespace luma::prom
