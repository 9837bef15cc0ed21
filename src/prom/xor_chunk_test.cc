#include "prom/xor_chunk.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>
#include <vector>

#include "model/sample.h"
#include "prom/testing/chunk_reader.h"

namespace luma::prom {
namespace {

// Reads a chunk back.
class ChunkReader {
 public:
  explicit ChunkReader(const std::string& chunk) : bits_(chunk) {}

  std::vector<Sample> Read() {
    const uint64_t count = bits_.Take(16);
    std::vector<Sample> samples;
    uint64_t delta = 0;
    XorReader values;
    for (uint64_t i = 0; i < count; ++i) {
      Sample sample;
      if (i == 0) {
        const uint64_t zigzag = bits_.Varint();
        sample.timestamp = static_cast<int64_t>(zigzag >> 1 ^ (0 - (zigzag & 1)));
      } else {
        delta = i == 1 ? bits_.Varint() : delta + static_cast<uint64_t>(Change());
        sample.timestamp =
            static_cast<int64_t>(static_cast<uint64_t>(samples.back().timestamp) + delta);
      }
      sample.value = i == 0 ? values.First(bits_) : values.Next(bits_);
      samples.push_back(sample);
    }
    return samples;
  }
  size_t bytes_used() const { return bits_.bytes_used(); }

 private:
  int64_t Change() {
    for (const int width : {0, 14, 17, 20}) {
      if (bits_.Take(1) == 0) return ChunkBits::SignedOf(bits_.Take(width), width);
    }
    return static_cast<int64_t>(bits_.Take(64));
  }

  ChunkBits bits_;
};

void ExpectRoundTrip(const std::vector<UnixMillis>& times, const std::vector<double>& values) {
  const std::string chunk = EncodeXorChunk(times, values);
  ChunkReader reader(chunk);
  const std::vector<Sample> samples = reader.Read();
  ASSERT_EQ(samples.size(), times.size());
  for (size_t i = 0; i < times.size(); ++i) {
    EXPECT_EQ(samples[i].timestamp, times[i]);
    EXPECT_EQ(std::bit_cast<uint64_t>(samples[i].value), std::bit_cast<uint64_t>(values[i]));
  }
  EXPECT_EQ(reader.bytes_used(), chunk.size());
}

TEST(XorChunkTest, ARegularSeriesTakesTwoBitsASample) {
  std::vector<UnixMillis> times;
  for (int i = 0; i < 120; ++i) times.push_back(1'700'000'000'000 + i * 15'000);
  const std::vector<double> values(120, 42);
  // 2 count, 6 time, 8 value, 2 delta and 1 bit, then 118 times 2 bits.
  EXPECT_EQ(EncodeXorChunk(times, values).size(), 48u);
  ExpectRoundTrip(times, values);
}

TEST(XorChunkTest, ExtremeTimesAndValuesComeBackBitForBit) {
  const double nan = std::bit_cast<double>(kStaleNanBits);
  ExpectRoundTrip({-5}, {nan});
  ExpectRoundTrip({INT64_MIN, 0, INT64_MAX}, {-0.0, HUGE_VAL, 5e-324});
  // Changes at both edges of every width.
  std::vector<UnixMillis> times = {0, 1'000'000};
  int64_t delta = 1'000'000;
  for (const int64_t change :
       {8192, -8191, 8193, -8192, 65536, -65535, 65537, -65536, 524288, -524287, 524289, -524288}) {
    delta += change;
    times.push_back(times.back() + delta);
  }
  ExpectRoundTrip(times, std::vector<double>(times.size(), 1.5));
}

TEST(XorChunkTest, RandomSeries) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<UnixMillis> times;
    std::vector<double> values;
    UnixMillis time = static_cast<int64_t>(random() % 2'000'000'000'000);
    const size_t count = 1 + random() % kXorChunkSamplesMax;
    for (size_t i = 0; i < count; ++i) {
      times.push_back(time);
      time += 1 + static_cast<int64_t>(random() % (uint64_t{1} << (random() % 40)));
      const bool any_bits = random() % 4 == 0;
      values.push_back(any_bits ? std::bit_cast<double>(random())
                                : static_cast<double>(random() % 1000) / 8);
    }
    ExpectRoundTrip(times, values);
  }
}

}  // namespace
}  // namespace luma::prom
