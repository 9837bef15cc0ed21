#include "model/compensated_sum.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <vector>

namespace luma {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double OneByOne(const std::vector<double>& values) {
  CompensatedSum sum;
  for (const double value : values) sum.Add(value);
  return sum.total();
}

TEST(CompensatedSumTest, LanesKeepWhatSmallSummandsBring) {
  EXPECT_EQ(SumOf({}), 0);
  EXPECT_EQ(SumOf(std::vector{1.0, 1e100, 1.0, -1e100}), 2);
  EXPECT_EQ(SumOf(std::vector{1e100, 1.0, 2.0, 3.0, -1e100, 4.0, 5.0, 6.0, 7.0}), 28);
  std::vector<double> tenths(1'000'000, 0.1);
  EXPECT_EQ(SumOf(tenths), OneByOne(tenths));
}

TEST(CompensatedSumTest, LanesAgreeWithOneByOne) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> mantissa;
  std::uniform_int_distribution<int> exponent(-30, 30);
  for (size_t count = 0; count < 200; ++count) {
    std::vector<double> values;
    for (size_t i = 0; i < count; ++i) {
      values.push_back(std::ldexp(mantissa(random), exponent(random)));
    }
    EXPECT_DOUBLE_EQ(SumOf(values), OneByOne(values)) << count;
  }
}

// Method: the value stands at every place, in a lane and behind the last full round of lanes.
TEST(CompensatedSumTest, InfinitiesAndNanAreThoseOfOneByOne) {
  for (size_t place = 0; place < 11; ++place) {
    for (const double value : {kInfinity, -kInfinity, std::numeric_limits<double>::max()}) {
      std::vector<double> values(11, std::numeric_limits<double>::max() / 4);
      values[place] = value;
      const double sum = SumOf(values);
      const double expected = OneByOne(values);
      EXPECT_TRUE(sum == expected || (std::isnan(sum) && std::isnan(expected)))
          << place << ' ' << value << ": " << sum << " and " << expected;
    }
    std::vector<double> values(11, 1.0);
    values[place] = std::numeric_limits<double>::quiet_NaN();
    EXPECT_TRUE(std::isnan(SumOf(values))) << place;
    values[place] = kInfinity;
    values[(place + 5) % 11] = -kInfinity;
    EXPECT_TRUE(std::isnan(SumOf(values))) << place;
  }
}

}  // namespace
}  // namespace luma
