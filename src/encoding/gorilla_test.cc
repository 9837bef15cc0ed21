#include "encoding/gorilla.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <random>
#include <vector>

#include "encoding/testing/format_example.h"
#include "encoding/testing/test_seed.h"

namespace luma::encoding {
namespace {

using testing::FormatExample;
using testing::TestSeed;
using testing::ToHex;

std::vector<uint64_t> BitsOf(const std::vector<double>& values) {
  std::vector<uint64_t> bits;
  for (const double value : values) bits.push_back(std::bit_cast<uint64_t>(value));
  return bits;
}

void ExpectReturned(const std::vector<uint64_t>& bits) {
  Bytes bytes;
  EncodeGorilla(bits, bytes);
  ByteReader reader(bytes);
  std::vector<uint64_t> decoded(bits.size());
  ASSERT_TRUE(DecodeGorilla(reader, decoded));
  EXPECT_EQ(decoded, bits);
}

TEST(GorillaTest, ReturnsEveryBitOfSpecialValues) {
  std::vector<uint64_t> bits =
      BitsOf({0.0, -0.0, 1.5, std::numeric_limits<double>::infinity(),
              -std::numeric_limits<double>::infinity(), std::numeric_limits<double>::denorm_min()});
  bits.push_back(0x7ff8000000000123);  // a NaN with a payload
  bits.push_back(0x7ff0000000000002);  // Prometheus' staleness marker, a signalling NaN
  ExpectReturned(bits);
}

TEST(GorillaTest, ReturnsRandomBitsAndRandomWalks) {
  const uint64_t seed = TestSeed();
  LUMA_TRACE_SEED(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 50; ++round) {
    std::vector<uint64_t> noise(random() % 300);
    for (uint64_t& bits : noise) bits = random() >> (random() % 64);
    ExpectReturned(noise);
    std::vector<double> walk(random() % 300, 20.0);
    for (size_t i = 1; i < walk.size(); ++i)
      walk[i] = walk[i - 1] + static_cast<double>(random() % 3);
    ExpectReturned(BitsOf(walk));
  }
}

TEST(GorillaTest, ARepeatedValueCostsOneBit) {
  Bytes bytes;
  EncodeGorilla(std::vector<uint64_t>(1 + 800, std::bit_cast<uint64_t>(0.1)), bytes);
  EXPECT_EQ(bytes.size(), 8u + 100u);
}

TEST(GorillaTest, NoticesEveryTruncationAndBytesLeftOver) {
  Bytes bytes;
  EncodeGorilla(BitsOf({1, 2, 3, 4, 5, 6.5, 7}), bytes);
  std::vector<uint64_t> decoded(7);
  for (size_t length = 0; length < bytes.size(); ++length) {
    ByteReader reader(ByteSpan(bytes).first(length));
    EXPECT_FALSE(DecodeGorilla(reader, decoded)) << "length " << length;
  }
  bytes.push_back(std::byte{0});
  ByteReader reader(bytes);
  EXPECT_FALSE(DecodeGorilla(reader, decoded));
}

TEST(GorillaTest, RefusesAWindowBeforeThereIsOne) {
  Bytes bytes(9);
  bytes[8] = std::byte{0b01};  // control bits 1, 0: the current window
  std::vector<uint64_t> decoded(2);
  ByteReader reader(bytes);
  EXPECT_FALSE(DecodeGorilla(reader, decoded));
}

TEST(GorillaTest, NoticesPaddingThatIsNotZero) {
  Bytes bytes;
  EncodeGorilla(BitsOf({1.0, 1.0, 2.0, 3.0}), bytes);
  bytes.back() |= std::byte{0x80};  // the stream ends one bit before
  std::vector<uint64_t> decoded(4);
  ByteReader reader(bytes);
  EXPECT_FALSE(DecodeGorilla(reader, decoded));
}

TEST(GorillaFormatTest, WritesTheExampleOfTheFormatDocument) {
  Bytes bytes;
  EncodeGorilla(BitsOf({1.0, 1.0, 2.0, 3.0}), bytes);
  EXPECT_EQ(ToHex(bytes), ToHex(FormatExample("gorilla.md", "a Gorilla stream")));
}

}  // namespace
}  // namespace luma::encoding
