#include "prom/number_text.h"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

namespace luma::prom {
namespace {

std::string Float(double value) {
  std::string out;
  AppendFloat(value, out);
  return out;
}

std::string Timestamp(UnixMillis millis) {
  std::string out;
  AppendTimestamp(millis, out);
  return out;
}

// Goal: the texts of Prometheus 2.42, which were seen for these values.
TEST(NumberTextTest, FloatsAsPrometheusWritesThem) {
  EXPECT_EQ(Float(0), "0");
  EXPECT_EQ(Float(-0.0), "-0");
  EXPECT_EQ(Float(1), "1");
  EXPECT_EQ(Float(-1.5), "-1.5");
  EXPECT_EQ(Float(0.1), "0.1");
  EXPECT_EQ(Float(123456789012345680.0), "123456789012345680");
  EXPECT_EQ(Float(1e20), "100000000000000000000");
  EXPECT_EQ(Float(1e21), "1e+21");
  EXPECT_EQ(Float(-1.25e23), "-1.25e+23");
  EXPECT_EQ(Float(123456789.125), "123456789.125");
  EXPECT_EQ(Float(1e-6), "0.000001");
  EXPECT_EQ(Float(1.5e-7), "1.5e-07");
  EXPECT_EQ(Float(1.0 / 3), "0.3333333333333333");
  EXPECT_EQ(Float(9007199254740993.0), "9007199254740992");
  EXPECT_EQ(Float(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
  EXPECT_EQ(Float(5e-324), "5e-324");
  EXPECT_EQ(Float(HUGE_VAL), "+Inf");
  EXPECT_EQ(Float(-HUGE_VAL), "-Inf");
  EXPECT_EQ(Float(std::nan("")), "NaN");
}

TEST(NumberTextTest, ScalarsHaveNoExponent) {
  const auto plain = [](double value) {
    std::string out;
    AppendPlainFloat(value, out);
    return out;
  };
  EXPECT_EQ(plain(-1.25e21), "-1250000000000000000000");
  EXPECT_EQ(plain(1e-7), "0.0000001");
  EXPECT_EQ(plain(5e-324), "0." + std::string(323, '0') + "5");
  EXPECT_EQ(plain(std::numeric_limits<double>::max()), "17976931348623157" + std::string(292, '0'));
}

TEST(NumberTextTest, FloatsReadBackAsThemselves) {
  std::mt19937_64 random(20240601);
  for (int i = 0; i < 20'000; ++i) {
    const auto value = std::bit_cast<double>(uint64_t{random()});
    if (!std::isfinite(value)) continue;
    ASSERT_EQ(std::strtod(Float(value).c_str(), nullptr), value);
  }
}

// Without sign, point, and zeros at either end.
std::string DigitsOf(std::string text) {
  std::erase_if(text, [](char c) { return c == '-' || c == '.'; });
  text.erase(0, text.find_first_not_of('0'));
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

TEST(NumberTextTest, UsualFloatsHaveTheShortestDigits) {
  std::mt19937_64 random(20240602);
  std::uniform_real_distribution<double> exponents(-6, 16);
  for (int i = 0; i < 50'000; ++i) {
    double value = std::pow(10, exponents(random)) * (random() % 2 == 0 ? 1 : -1);
    if (i % 3 == 0) value = std::round(value * 100) / 100;
    if (value == 0) continue;
    char shortest[32];
    const auto [end, error] =
        std::to_chars(shortest, shortest + sizeof(shortest), value, std::chars_format::scientific);
    const std::string scientific(shortest, end);
    ASSERT_EQ(DigitsOf(Float(value)), DigitsOf(scientific.substr(0, scientific.find('e'))));
    ASSERT_EQ(std::strtod(Float(value).c_str(), nullptr), value);
    ASSERT_EQ(Float(value).find('e'), std::string::npos);
  }
}

TEST(NumberTextTest, TimestampsAreSecondsWithMilliseconds) {
  EXPECT_EQ(Timestamp(1435781451781), "1435781451.781");
  EXPECT_EQ(Timestamp(1435781451000), "1435781451");
  EXPECT_EQ(Timestamp(1435781451050), "1435781451.050");
  EXPECT_EQ(Timestamp(-1), "-0.001");
  EXPECT_EQ(Timestamp(0), "0");
  EXPECT_EQ(Timestamp(std::numeric_limits<int64_t>::min()), "-9223372036854775.808");
}

}  // namespace
}  // namespace luma::prom
