#include "encoding/decimal.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "encoding/block.h"
#include "encoding/testing/format_example.h"
#include "encoding/testing/random_column.h"
#include "encoding/testing/test_seed.h"

namespace luma::encoding {
namespace {

using testing::FormatExample;
using testing::OwnedColumn;
using testing::TestSeed;
using testing::ToHex;

Bytes EncodeDecimals(const std::vector<double>& values) {
  return EncodeBlock(OwnedColumn::Of(PhysicalType::kFloat64, values).span(),
                     {.force = CodecId::kDecimal});
}

void ExpectReturned(const std::vector<double>& values) {
  const auto column = OwnedColumn::Of(PhysicalType::kFloat64, values);
  const auto block =
      DecodeBlock(PhysicalType::kFloat64, column.span().count, EncodeDecimals(values));
  ASSERT_TRUE(block.ok()) << block.status();
  AlignedBuffer scratch;
  EXPECT_TRUE(testing::SameRows(column.span(), block->Flatten(scratch)));
}

TEST(DecimalTest, ShortDecimalsNeedNoExceptions) {
  std::vector<double> values;
  for (int cents = -3000; cents < 3000; ++cents) values.push_back(cents / 100.0);
  const Decimals decimals = SplitDecimals(values);
  EXPECT_EQ(decimals.exponent, 2);
  EXPECT_TRUE(decimals.exceptions.empty());
  EXPECT_EQ(decimals.integers.front(), -3000);
}

TEST(DecimalTest, AFewLongFractionsAreExceptions) {
  std::vector<double> values(1000, 0.5);
  values[500] = 1.0 / 3;
  const Decimals decimals = SplitDecimals(values);
  EXPECT_EQ(decimals.exponent, 1);
  ASSERT_EQ(decimals.exceptions.size(), 1u);
  EXPECT_EQ(decimals.exceptions[0].row, 500u);
}

TEST(DecimalTest, ReturnsEveryBitOfSpecialValues) {
  const double infinity = std::numeric_limits<double>::infinity();
  ExpectReturned({1.5, -0.0, 0.0, infinity, -infinity, std::bit_cast<double>(0x7ff8000000000123),
                  std::bit_cast<double>(0x7ff0000000000002), 9007199254740993.0, 1e300, 5e-324});
}

TEST(DecimalTest, ReturnsRandomMixesOfDecimalsAndNoise) {
  const uint64_t seed = TestSeed();
  LUMA_TRACE_SEED(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 100; ++round) {
    const double divisor = std::pow(10.0, static_cast<double>(random() % 17));
    const uint64_t noise_one_in = 1 + random() % 20;
    std::vector<double> values(random() % 400);
    for (double& value : values) {
      value = static_cast<double>(random() % 1'000'000) / divisor;
      if (random() % noise_one_in == 0) value = std::bit_cast<double>(random());
    }
    ExpectReturned(values);
  }
}

TEST(DecimalFormatTest, WritesTheExampleOfTheFormatDocument) {
  const std::vector<double> values = {20.5, 20.25, std::bit_cast<double>(0x7ff8000000000000), 21.0};
  const Bytes block = EncodeDecimals(values);
  EXPECT_EQ(ToHex(ByteSpan(block).subspan(2)), ToHex(FormatExample("decimal.md", "decimals")));
}

// Goal: the exponent suits what is near each value. Method: levels that are whole numbers far
// apart, with bursts of three digits in between: kept as exceptions these take 7 bits for a value,
// as integers of a thousandth, which differ as little from their neighbours, 2.
TEST(DecimalTest, BurstsOfDigitsAreNoExceptionsForTheRangeOfTheColumn) {
  std::mt19937_64 random(6);
  std::vector<double> values(16384);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = i / 100 % 10 == 0 ? static_cast<double>(random() % 1000) / 1000
                                  : static_cast<double>(i / 3000);
  }
  EXPECT_LT(EncodeDecimals(values).size() * 8, values.size() * 2);
  ExpectReturned(values);
}

TEST(DecimalTest, ExceptionsTakeTheIntegersOfTheirNeighbours) {
  const Decimals decimals = SplitDecimals(std::vector<double>{NAN, INFINITY, 7, NAN, 9, -0.0});
  EXPECT_EQ(decimals.integers, (std::vector<int64_t>{7, 7, 7, 7, 9, 9}));
  EXPECT_EQ(decimals.exceptions.size(), 4u);
  EXPECT_EQ(SplitDecimals(std::vector<double>{NAN, NAN}).integers, (std::vector<int64_t>{0, 0}));
}

}  // namespace
}  // namespace luma::encoding
