#include "storage/zone_overlap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string_view>
#include <vector>

namespace luma::storage {
namespace {

template <typename T>
ZoneMap ZoneOf(PhysicalType type, const std::vector<T>& values) {
  return ComputeZoneMap({.type = type,
                         .count = static_cast<uint32_t>(values.size()),
                         .values = reinterpret_cast<const std::byte*>(values.data())});
}
ZoneMap Integers(const std::vector<int64_t>& values) {
  return ZoneOf(PhysicalType::kInt64, values);
}
ZoneMap Doubles(const std::vector<double>& values) {
  return ZoneOf(PhysicalType::kFloat64, values);
}
ZoneMap Texts(const std::vector<std::string_view>& values) {
  return ZoneOf(PhysicalType::kBytes, std::vector<StringRef>(values.begin(), values.end()));
}
ZoneMap Nulls(uint32_t rows) {
  const std::vector<int64_t> values(rows);
  const std::vector<uint64_t> none(ValidityWords(rows));
  return ComputeZoneMap({.type = PhysicalType::kInt64,
                         .count = rows,
                         .values = reinterpret_cast<const std::byte*>(values.data()),
                         .validity = none.data()});
}
// In both orders.
bool Share(const ZoneMap& a, const ZoneMap& b) {
  EXPECT_EQ(MayShareValues(a, b), MayShareValues(b, a));
  return MayShareValues(a, b);
}

TEST(ZoneOverlapTest, BoundsThatTouchShare) {
  EXPECT_TRUE(Share(Integers({1, 5}), Integers({5, 9})));
  EXPECT_FALSE(Share(Integers({1, 5}), Integers({6, 9})));
  EXPECT_FALSE(Share(Integers({-3}), Integers({3})));
  EXPECT_TRUE(Share(Doubles({-0.0}), Doubles({0.0})));
  EXPECT_FALSE(Share(Doubles({1.5}), Doubles({1.75})));
}

TEST(ZoneOverlapTest, LongTextsShareWhatTheirCutBoundsShare) {
  const std::string_view long_text = "0123456789abcdef and more";
  EXPECT_TRUE(Share(Texts({long_text}), Texts({"0123456789abcdef and less"})));
  EXPECT_FALSE(Share(Texts({long_text}), Texts({"1"})));
  const std::string_view highest(
      "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 17);
  EXPECT_TRUE(Share(Texts({highest}), Texts({highest})));
}

TEST(ZoneOverlapTest, NullsAndNaNsAreOutsideOfTheBounds) {
  EXPECT_TRUE(Share(Nulls(2), Nulls(1)));
  EXPECT_FALSE(Share(Nulls(2), Integers({0})));
  EXPECT_TRUE(Share(Doubles({1, NAN}), Doubles({2, NAN})));
  EXPECT_FALSE(Share(Doubles({1, NAN}), Doubles({2})));
  EXPECT_TRUE(Share(Doubles({NAN}), Doubles({NAN})));
}

}  // namespace
}  // namespace luma::storage
