// Goal: every kernel gives the answer of plain code, bit by bit, on every target this processor
// has. Method: random columns of every length around the vector widths and of every width of bits.
// Arrays end where their heap block ends, so that AddressSanitizer sees a read past them.
#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "encoding/bit_packing.h"
#include "encoding/lane_packing.h"
#include "encoding/simd/aggregates.h"
#include "encoding/simd/decimals.h"
#include "encoding/simd/integers.h"
#include "encoding/simd/lanes.h"
#include "encoding/simd/select_range.h"
#include "encoding/testing/test_seed.h"

namespace luma::encoding {
namespace {

__extension__ using Wide = __int128;

constexpr size_t kLengths[] = {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 63, 64, 65, 127, 128, 129, 1000};

// Runs the test body once for each target.
class KernelsTest : public ::testing::TestWithParam<int64_t> {
 protected:
  KernelsTest() { hwy::SetSupportedTargetsForTest(GetParam()); }
  ~KernelsTest() override { hwy::SetSupportedTargetsForTest(0); }

  std::vector<uint64_t> RandomWords(size_t count) {
    std::vector<uint64_t> words(count);
    const int shift = static_cast<int>(random_() % 64);
    for (uint64_t& word : words) word = random_() >> shift;
    return words;
  }
  std::vector<double> RandomDoubles(size_t count) {
    constexpr double kSpecial[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, 5e-324};
    std::vector<double> doubles(count);
    for (double& value : doubles) {
      value = random_() % 8 == 0 ? kSpecial[random_() % std::size(kSpecial)]
                                 : std::normal_distribution<double>(0, 1e6)(random_);
    }
    return doubles;
  }
  // Words with about `eighths` of eight bits set; empty for 8: no mask.
  std::vector<uint64_t> RandomMask(size_t rows, uint64_t eighths) {
    std::vector<uint64_t> words;
    if (eighths == 8) return words;
    words.resize((rows + 63) / 64);
    for (uint64_t& word : words) {
      for (int bit = 0; bit < 64; ++bit) word |= uint64_t{random_() % 8 < eighths} << bit;
    }
    return words;
  }

  std::mt19937_64 random_{testing::TestSeed()};
};

INSTANTIATE_TEST_SUITE_P(Targets, KernelsTest,
                         ::testing::ValuesIn(hwy::SupportedAndGeneratedTargets()),
                         [](const auto& info) { return std::string(hwy::TargetName(info.param)); });

bool Counts(const RowMasks& masks, size_t row) {
  const auto has = [row](const uint64_t* words) {
    return words == nullptr || ((words[row / 64] >> (row % 64)) & 1) != 0;
  };
  return has(masks.validity) && has(masks.selection);
}

Wide ToWide(const Int128& value) { return (static_cast<Wide>(value.high) << 64) + value.low; }

template <typename T>
void ExpectSameIntegers(const std::vector<T>& values, const RowMasks& masks) {
  IntegerAggregates<T> expected;
  Wide sum = 0;
  for (size_t row = 0; row < values.size(); ++row) {
    if (!Counts(masks, row)) continue;
    ++expected.count;
    expected.min = std::min(expected.min, values[row]);
    expected.max = std::max(expected.max, values[row]);
    sum += values[row];
  }
  const IntegerAggregates<T> actual = Aggregate(std::span<const T>(values), masks);
  EXPECT_EQ(actual.count, expected.count);
  EXPECT_EQ(actual.min, expected.min);
  EXPECT_EQ(actual.max, expected.max);
  EXPECT_TRUE(ToWide(actual.sum) == sum);
  if (expected.count == 0) {
    EXPECT_TRUE(std::isnan(actual.average()));
  } else {
    EXPECT_EQ(actual.average(), static_cast<double>(sum) / static_cast<double>(expected.count));
  }
}

void ExpectSameDoubles(const std::vector<double>& values, const RowMasks& masks) {
  DoubleAggregates expected;
  double sums[16];
  std::fill(std::begin(sums), std::end(sums), -0.0);
  for (size_t row = 0; row < values.size(); ++row) {
    if (!Counts(masks, row)) continue;
    ++expected.count;
    sums[row % 16] += values[row];
    expected.has_nan |= std::isnan(values[row]);
    if (std::isnan(values[row])) continue;
    expected.min = std::min(expected.min, values[row]);
    expected.max = std::max(expected.max, values[row]);
  }
  for (size_t half = 8; half > 0; half /= 2) {
    for (size_t i = 0; i < half; ++i) sums[i] += sums[i + half];
  }
  const DoubleAggregates actual = Aggregate(std::span<const double>(values), masks);
  EXPECT_EQ(actual.count, expected.count);
  EXPECT_EQ(actual.has_nan, expected.has_nan);
  EXPECT_EQ(actual.min, expected.min);
  EXPECT_EQ(actual.max, expected.max);
  EXPECT_FALSE(std::signbit(actual.min) && actual.min == 0);
  if (std::isnan(sums[0])) {
    EXPECT_TRUE(std::isnan(actual.sum));
  } else {
    EXPECT_EQ(std::bit_cast<uint64_t>(actual.sum),
              std::bit_cast<uint64_t>(expected.count == 0 ? 0.0 : sums[0]));
  }
}

TEST_P(KernelsTest, AggregatesWithMasksAreThoseOfPlainCode) {
  for (const size_t length : kLengths) {
    for (const uint64_t eighths : {0, 1, 7, 8}) {
      const auto validity = RandomMask(length, eighths);
      const auto selection = RandomMask(length, random_() % 9);
      const RowMasks masks{validity.empty() ? nullptr : validity.data(),
                           selection.empty() ? nullptr : selection.data()};
      const auto words = RandomWords(length);
      ExpectSameIntegers(words, masks);
      ExpectSameIntegers(std::vector<int64_t>(words.begin(), words.end()), masks);
      ExpectSameDoubles(RandomDoubles(length), masks);
    }
  }
}

TEST_P(KernelsTest, SumsOfExtremeIntegersDoNotOverflow) {
  ExpectSameIntegers(std::vector<int64_t>(1000, INT64_MIN), {});
  ExpectSameIntegers(std::vector<int64_t>(1000, INT64_MAX), {});
  ExpectSameIntegers(std::vector<uint64_t>(1000, UINT64_MAX), {});
  const std::vector<int64_t> two = {INT64_MAX, INT64_MAX};
  EXPECT_EQ(Aggregate(std::span<const int64_t>(two), {}).average(), std::ldexp(1.0, 63));
}

TEST_P(KernelsTest, AveragesOfSmallNegativeSumsAreExact) {
  const std::vector<int64_t> values = {-7, 3, -2};
  EXPECT_EQ(Aggregate(std::span<const int64_t>(values), {}).average(), -2.0);
}

TEST_P(KernelsTest, NanIsAboveAllNumbersAndZerosHaveNoSign) {
  const std::vector<double> nans(20, NAN);
  const DoubleAggregates of_nans = Aggregate(std::span<const double>(nans), {});
  EXPECT_TRUE(of_nans.has_nan);
  EXPECT_FALSE(of_nans.has_number());
  const std::vector<double> zeros(20, -0.0);
  const DoubleAggregates of_zeros = Aggregate(std::span<const double>(zeros), {});
  EXPECT_FALSE(std::signbit(of_zeros.min));
  EXPECT_TRUE(std::signbit(of_zeros.sum));
  EXPECT_EQ(Aggregate(std::span<const double>(), {}).sum, 0);
}

TEST_P(KernelsTest, SelectsTheRowsInARange) {
  for (const size_t length : kLengths) {
    const auto words = RandomWords(length);
    const std::vector<int64_t> values(words.begin(), words.end());
    const auto bound = [&] { return values.empty() ? 0 : values[random_() % values.size()]; };
    for (const auto& [min, max] : {std::pair(bound(), bound()), std::pair(INT64_MIN, bound()),
                                   std::pair(bound(), INT64_MAX)}) {
      std::vector<uint64_t> selection((length + 63) / 64, ~uint64_t{0});
      SelectRange(values, min, max, selection.data());
      for (size_t row = 0; row < selection.size() * 64; ++row) {
        const bool expected = row < length && values[row] >= min && values[row] <= max;
        ASSERT_EQ(((selection[row / 64] >> (row % 64)) & 1) != 0, expected) << row;
      }
    }
  }
}

TEST_P(KernelsTest, UnpacksEveryWidth) {
  for (int width = 0; width <= kBitWidthMax; ++width) {
    for (const size_t length : kLengths) {
      auto values = RandomWords(length);
      for (uint64_t& value : values) {
        if (width < 64) value &= (uint64_t{1} << width) - 1;
      }
      Bytes packed;
      PackBits(values, width, packed);
      packed.shrink_to_fit();
      const uint64_t base = random_();
      for (uint64_t& value : values) value += base;
      std::vector<uint64_t> unpacked(length);
      UnpackAndAdd(packed, width, base, unpacked);
      ASSERT_EQ(unpacked, values) << width << " bits, " << length << " values";
    }
  }
}

TEST_P(KernelsTest, UnpacksAndSumsUpAsOneAfterTheOtherDo) {
  for (int width = 0; width <= kBitWidthMax; ++width) {
    for (const size_t length : kLengths) {
      std::vector<uint64_t> expected(length);
      for (uint64_t& value : expected) value = width == 0 ? 0 : random_() >> (64 - width);
      Bytes packed;
      PackBits(expected, width, packed);
      packed.shrink_to_fit();
      const uint64_t start = random_();
      const uint64_t base = random_();
      const uint64_t last = ZigZagPrefixSum(start, base, expected);
      std::vector<uint64_t> sums(length);
      EXPECT_EQ(UnpackAndSumUp(packed, width, start, base, sums), last);
      ASSERT_EQ(sums, expected) << width << " bits, " << length << " values";
    }
  }
}

TEST_P(KernelsTest, SumsUpDifferences) {
  for (const size_t length : kLengths) {
    const auto words = RandomWords(length);
    const uint64_t start = random_();
    const uint64_t base = random_();
    std::vector<uint64_t> plain(words);
    std::vector<uint64_t> zigzag(words);
    const uint64_t last_plain = PrefixSum(start, plain);
    const uint64_t last_zigzag = ZigZagPrefixSum(start, base, zigzag);
    uint64_t sum = start;
    uint64_t zigzag_sum = start;
    for (size_t i = 0; i < length; ++i) {
      ASSERT_EQ(plain[i], sum += words[i]);
      ASSERT_EQ(zigzag[i], zigzag_sum += UnZigZag(words[i]) + base);
    }
    EXPECT_EQ(last_plain, sum);
    EXPECT_EQ(last_zigzag, zigzag_sum);
  }
}

TEST_P(KernelsTest, UnpacksLanesOfEveryWidth) {
  for (int width = 0; width <= kLaneWidthMax; ++width) {
    for (const size_t length : kLengths) {
      std::vector<uint64_t> values(length);
      for (uint64_t& value : values) value = random_() & ((uint64_t{1} << width) - 1);
      Bytes packed;
      PackLanes(values, width, packed);
      packed.shrink_to_fit();
      const uint64_t base = random_();
      for (uint64_t& value : values) value += base;
      std::vector<uint64_t> unpacked(length);
      UnpackLanes(packed, width, base, unpacked);
      ASSERT_EQ(unpacked, values) << width << " bits, " << length << " values";
      for (const int exponent : {0, 7}) {
        UnpackLanesToDoubles(packed, width, base, PowerOfTenOf(exponent), unpacked);
        std::vector<uint64_t> doubles(values);
        DivideToDoubles(PowerOfTenOf(exponent), doubles);
        ASSERT_EQ(unpacked, doubles) << width << " bits, " << length << " values";
      }
    }
  }
}

// An integer whose quotient lies as near as can be to the middle between two doubles.
uint64_t NearMiddle(double divisor, std::mt19937_64& random) {
  const auto integer = static_cast<double>(random() >> (11 + random() % 40));
  const double quotient = integer / divisor;
  const long double middle = (static_cast<long double>(quotient) +
                              static_cast<long double>(std::nextafter(quotient, INFINITY))) /
                             2;
  return static_cast<uint64_t>(std::llround(middle * static_cast<long double>(divisor)));
}

TEST_P(KernelsTest, DividesLikeTheProcessorDoes) {
  for (int exponent = 0; exponent <= kPowerOfTenMax; ++exponent) {
    const PowerOfTen& divisor = PowerOfTenOf(exponent);
    ASSERT_EQ(divisor.power, std::pow(10.0, exponent));
    for (const size_t length : kLengths) {
      auto words = RandomWords(length);
      for (uint64_t& word : words) {
        if (random_() % 2 == 0) word = NearMiddle(divisor.power, random_);
        if (random_() % 2 == 0) word = -word;
      }
      std::vector<uint64_t> doubles(words);
      DivideToDoubles(divisor, doubles);
      for (size_t i = 0; i < length; ++i) {
        const double expected = static_cast<double>(static_cast<int64_t>(words[i])) / divisor.power;
        ASSERT_EQ(doubles[i], std::bit_cast<uint64_t>(expected))
            << static_cast<int64_t>(words[i]) << " / 10^" << exponent;
      }
    }
  }
}

}  // namespace
}  // namespace luma::encoding
