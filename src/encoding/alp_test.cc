#include "encoding/alp.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>
#include <vector>

#include "encoding/alp_rd.h"
#include "encoding/block.h"
#include "encoding/lane_packing.h"
#include "encoding/testing/format_example.h"
#include "encoding/testing/test_seed.h"

namespace luma::encoding {
namespace {

using testing::FormatExample;
using testing::TestSeed;
using testing::ToHex;
using Words = std::vector<uint64_t>;

Words BitsOf(const std::vector<double>& values) {
  Words words(values.size());
  for (size_t i = 0; i < values.size(); ++i) words[i] = std::bit_cast<uint64_t>(values[i]);
  return words;
}

Bytes Alp(const std::vector<double>& values) {
  Bytes bytes;
  EncodeAlp(values, SplitDecimals(values), bytes);
  return bytes;
}
Bytes AlpRd(const std::vector<double>& values) {
  Bytes bytes;
  EncodeAlpRd(BitsOf(values), bytes);
  return bytes;
}

using Decode = bool (*)(ByteReader&, std::span<uint64_t>);

// Whether `bytes`, and nothing shorter, decode to the values.
void ExpectDecodes(Decode decode, ByteSpan bytes, const std::vector<double>& values) {
  ByteReader reader(bytes);
  Words decoded(values.size());
  ASSERT_TRUE(decode(reader, decoded));
  EXPECT_EQ(reader.remaining(), 0u);
  EXPECT_EQ(decoded, BitsOf(values));
}
void ExpectTruncationsNoticed(Decode decode, ByteSpan bytes, size_t count) {
  Words decoded(count);
  for (size_t length = 0; length < bytes.size(); ++length) {
    ByteReader reader(bytes.first(length));
    ASSERT_FALSE(decode(reader, decoded)) << "length " << length;
  }
}

constexpr size_t kCounts[] = {1, 7, 8, 9, 480, 1023, 1024, 1025, 3000};

TEST(AlpTest, ReturnsDecimalsOfEveryExponentAndWidth) {
  const uint64_t seed = TestSeed();
  LUMA_TRACE_SEED(seed);
  std::mt19937_64 random(seed);
  for (int exponent = 0; exponent <= 18; ++exponent) {
    for (const size_t count : kCounts) {
      const auto shift = 11 + random() % 53;
      std::vector<double> values(count);
      for (double& value : values) {
        const auto integer = static_cast<int64_t>(random()) >> shift;
        value = static_cast<double>(integer) / std::pow(10.0, exponent);
      }
      ExpectDecodes(DecodeAlp, Alp(values), values);
    }
  }
}

TEST(AlpTest, ReturnsEveryBitOfAnyDoubles) {
  const uint64_t seed = TestSeed();
  LUMA_TRACE_SEED(seed);
  std::mt19937_64 random(seed);
  for (const size_t count : kCounts) {
    std::vector<double> values(count);
    for (double& value : values) {
      value = random() % 3 == 0 ? std::bit_cast<double>(random())
                                : static_cast<double>(random() % 1000) / 8;
    }
    ExpectDecodes(DecodeAlp, Alp(values), values);
    ExpectDecodes(DecodeAlpRd, AlpRd(values), values);
  }
  const std::vector<double> special = {
      0.0, -0.0,  INFINITY, -INFINITY,
      NAN, 1e300, 5e-324,   std::bit_cast<double>(0x7ff0000000000002)};
  ExpectDecodes(DecodeAlp, Alp(special), special);
  ExpectDecodes(DecodeAlpRd, AlpRd(special), special);
}

// A vector of values around a level, four bits each.
std::vector<double> Gauge() {
  std::vector<double> values(kVectorValues);
  for (size_t i = 0; i < values.size(); ++i) values[i] = 5000 + static_cast<double>(i % 16) / 10;
  return values;
}

// Bytes of an exception, and of a base that takes more of them because of what lies beside.
constexpr size_t kExceptionBytes = 10;

TEST(AlpTest, FarValuesDoNotWidenTheVector) {
  const size_t bytes = Alp(Gauge()).size();
  using Outliers = std::vector<std::pair<size_t, double>>;
  for (const Outliers& outliers :
       {Outliers{{500, 1e9}}, Outliers{{500, -1e9}}, Outliers{{0, 0}}, Outliers{{1023, 4990}},
        Outliers{{10, 1e9}, {20, -1e9}}, Outliers{{10, 5e7}, {20, -1e9}, {30, 1}, {40, 4000}}}) {
    std::vector<double> values = Gauge();
    for (const auto& [row, value] : outliers) values[row] = value;
    EXPECT_LE(Alp(values).size(), bytes + outliers.size() * kExceptionBytes)
        << "row " << outliers[0].first << " = " << outliers[0].second;
    ExpectDecodes(DecodeAlp, Alp(values), values);
  }
}

TEST(AlpTest, LeadingExceptionsDoNotWidenTheVector) {
  const size_t bytes = Alp(Gauge()).size();
  for (const double exception : {double{NAN}, double{INFINITY}, -0.0, 1e300}) {
    std::vector<double> values = Gauge();
    values[0] = values[1] = exception;
    EXPECT_LE(Alp(values).size(), bytes + 2 * kExceptionBytes) << exception;
    ExpectDecodes(DecodeAlp, Alp(values), values);
  }
}

TEST(AlpTest, EstimatesItsBytes) {
  std::mt19937_64 random(4);
  for (const size_t count : kCounts) {
    std::vector<double> values(count);
    for (double& value : values) value = static_cast<double>(random() % 5000) / 100;
    const auto bytes = static_cast<double>(Alp(values).size());
    EXPECT_NEAR(static_cast<double>(AlpBytes(SplitDecimals(values))), bytes, bytes / 100 + 8);
  }
}

TEST(AlpTest, NoticesTruncationsAndWidthsThatAreNone) {
  std::vector<double> values = {1.5, 2.25, 1e300, 1000};
  Bytes bytes = Alp(values);
  ExpectTruncationsNoticed(DecodeAlp, bytes, values.size());
  bytes = Alp({1, 2, 3});
  bytes[3] = std::byte{64};  // exponent, no exceptions, base, width
  ByteReader reader(bytes);
  Words decoded(3);
  EXPECT_FALSE(DecodeAlp(reader, decoded));
}

std::vector<double> Noise(size_t count) {
  std::mt19937_64 random(1);
  std::vector<double> values(count);
  for (double& value : values) value = std::normal_distribution<double>()(random);
  return values;
}

TEST(AlpRdTest, NoiseTakesLessThanItsBits) {
  const std::vector<double> values = Noise(10000);
  EXPECT_LT(AlpRd(values).size() * 8, values.size() * 58);
  ExpectDecodes(DecodeAlpRd, AlpRd(values), values);
}

TEST(AlpRdTest, NoticesTruncationsAndBadHeaders) {
  const std::vector<double> values = Noise(20);
  const Bytes bytes = AlpRd(values);
  ExpectTruncationsNoticed(DecodeAlpRd, bytes, values.size());
  Words decoded(values.size());
  for (const auto& [at, byte] :
       std::vector<std::pair<size_t, int>>{{0, 47}, {0, 64}, {1, 0}, {1, 9}}) {
    Bytes damaged = bytes;
    damaged[at] = static_cast<std::byte>(byte);
    ByteReader reader(damaged);
    EXPECT_FALSE(DecodeAlpRd(reader, decoded)) << "byte " << at << " = " << byte;
  }
}

TEST(AlpRdTest, NoticesCodesWithoutAnEntry) {
  Bytes bytes = AlpRd({0.1, 0.3, 0.7});
  ASSERT_EQ(bytes[1], std::byte{3});          // entries, of two bits each
  constexpr size_t kCodesAt = 2 + 3 * 2 + 1;  // lower bits, entries, no exceptions
  Words decoded(3);
  bytes[kCodesAt] = std::byte{3};
  ByteReader reader(bytes);
  EXPECT_FALSE(DecodeAlpRd(reader, decoded));
}

// One value, an exception; `code` is what it has beside.
bool DecodesExceptionWithCode(uint8_t code, uint64_t& value) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.Fixed(uint8_t{48});
  writer.Fixed(uint8_t{2});
  writer.Fixed(uint16_t{0x3ff0});
  writer.Fixed(uint16_t{0x4000});
  writer.Varint(1);
  writer.Varint(0);
  writer.Fixed(uint16_t{0x4010});
  const size_t codes_at = bytes.size();
  bytes.resize(codes_at + LaneShape(1, 1).bytes() + LaneShape(1, 48).bytes());
  bytes[codes_at] = static_cast<std::byte>(code);
  ByteReader reader(bytes);
  return DecodeAlpRd(reader, {&value, 1}) && reader.remaining() == 0;
}

TEST(AlpRdTest, NoticesExceptionsWithACode) {
  uint64_t value = 0;
  EXPECT_TRUE(DecodesExceptionWithCode(0, value));
  EXPECT_EQ(value, std::bit_cast<uint64_t>(4.0));
  EXPECT_FALSE(DecodesExceptionWithCode(1, value));
}

TEST(LanePackingTest, TakesNoMoreThanSevenBytesAndARowBeyondItsBits) {
  for (int width = 0; width <= kLaneWidthMax; ++width) {
    for (const size_t count : kCounts) {
      if (count > kVectorValues) continue;
      Bytes bytes;
      PackLanes(Words(count, ~uint64_t{0}), width, bytes);
      const auto bits = static_cast<size_t>(width);
      EXPECT_EQ(bytes.size(), LaneShape(count, width).bytes());
      EXPECT_LE(bytes.size(), (count + 7) * bits / 8 + 7);
    }
  }
}

TEST(AlpFormatTest, WritesTheExamplesOfTheFormatDocuments) {
  EXPECT_EQ(ToHex(Alp({20.5, 20.25, std::bit_cast<double>(0x7ff8000000000000), 21.0})),
            ToHex(FormatExample("decimal.md", "ALP")));
  EXPECT_EQ(ToHex(AlpRd({0.1, 0.3, 0.7, -1e300})), ToHex(FormatExample("alp_rd.md", "ALP-RD")));
}

}  // namespace
}  // namespace luma::encoding
