#include "storage/zone_map.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "encoding/testing/random_column.h"

namespace luma::storage {
namespace {

using encoding::testing::OwnedColumn;

template <typename T>
ZoneMap ZoneOf(PhysicalType type, const std::vector<T>& values) {
  return ComputeZoneMap(OwnedColumn::Of<T>(type, values).span());
}
ZoneMap ZoneOfStrings(std::vector<std::string> texts) {
  return ComputeZoneMap(OwnedColumn::OfStrings(std::move(texts)).span());
}

TEST(ZoneMapTest, BoundsAndSumsIntegersBySign) {
  const ZoneMap zone = ZoneOf<int8_t>(PhysicalType::kInt8, {-128, 5, 127});
  EXPECT_EQ(zone.min.As<int8_t>(), -128);
  EXPECT_EQ(zone.max.As<int8_t>(), 127);
  EXPECT_EQ(static_cast<int64_t>(zone.sum_int128.low), 4);
  const ZoneMap large = ZoneOf<uint64_t>(PhysicalType::kUInt64, {UINT64_MAX, UINT64_MAX, 1});
  EXPECT_EQ(large.min.As<uint64_t>(), 1u);
  EXPECT_EQ(large.max.As<uint64_t>(), UINT64_MAX);
  EXPECT_EQ(large.sum_int128.high, 1);
  EXPECT_EQ(large.sum_int128.low, UINT64_MAX);
}

TEST(ZoneMapTest, SkipsNullsAndCountsThem) {
  auto column = OwnedColumn::Of<int64_t>(PhysicalType::kInt64, {-7, 3, 9});
  column.SetNull(0);
  const ZoneMap zone = ComputeZoneMap(column.span());
  EXPECT_EQ(zone.null_count, 1u);
  EXPECT_EQ(zone.value_count(), 2u);
  EXPECT_EQ(zone.min.As<int64_t>(), 3);
  EXPECT_EQ(zone.sum_int128.low, 12u);
}

TEST(ZoneMapTest, KeepsNanOutsideTheBounds) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const ZoneMap zone = ZoneOf<double>(PhysicalType::kFloat64, {nan, 2.5, -1.0});
  EXPECT_TRUE(zone.has_nan);
  EXPECT_EQ(zone.min.As<double>(), -1.0);
  EXPECT_EQ(zone.max.As<double>(), 2.5);
  EXPECT_TRUE(std::isnan(zone.sum_double));
  EXPECT_FALSE(ZoneOf<double>(PhysicalType::kFloat64, {nan}).has_min);
}

TEST(ZoneMapTest, CutsLongStringsSoThatTheyStayWithinTheBounds) {
  const std::string low(20, 'a');
  const std::string high = std::string(15, 'b') + "\xff" + "tail";
  const ZoneMap zone = ZoneOfStrings({low, high});
  EXPECT_EQ(zone.min.Text(), std::string(16, 'a'));
  EXPECT_FALSE(zone.min_exact);
  EXPECT_EQ(zone.max.Text(), std::string(14, 'b') + "c");  // 0xff cannot count up: the byte before
  EXPECT_FALSE(zone.max_exact);
  EXPECT_LE(zone.min.Text(), low);
  EXPECT_GE(zone.max.Text(), high);
}

TEST(ZoneMapTest, HasNoUpperBoundAboveAllOnes) {
  const ZoneMap zone = ZoneOfStrings({"a", std::string(17, '\xff')});
  EXPECT_TRUE(zone.has_min);
  EXPECT_FALSE(zone.has_max);
}

TEST(ZoneMapTest, DropsASumThatOverflows) {
  const Int128 largest{UINT64_MAX, INT64_MAX};
  EXPECT_EQ(ZoneOf<Int128>(PhysicalType::kInt128, {largest, {1, 0}}).sum_kind, ZoneMap::Sum::kNone);
  EXPECT_EQ(ZoneOf<Int128>(PhysicalType::kInt128, {largest}).sum_kind, ZoneMap::Sum::kInt128);
}

TEST(ZoneMapTest, MergedZonesEqualTheZoneOfAllRows) {
  ZoneMap merged = ZoneOf<int32_t>(PhysicalType::kInt32, {4, -2});
  MergeZoneMap(merged, ZoneOf<int32_t>(PhysicalType::kInt32, {9, 1}));
  const ZoneMap whole = ZoneOf<int32_t>(PhysicalType::kInt32, {4, -2, 9, 1});
  EXPECT_EQ(merged.row_count, whole.row_count);
  EXPECT_EQ(merged.min, whole.min);
  EXPECT_EQ(merged.max, whole.max);
  EXPECT_EQ(merged.sum_int128.low, whole.sum_int128.low);
}

TEST(ZoneMapTest, MergingWithAnUnboundedZoneLosesTheBound) {
  ZoneMap merged = ZoneOfStrings({"b"});
  MergeZoneMap(merged, ZoneOfStrings({std::string(17, '\xff')}));
  EXPECT_EQ(merged.min.Text(), "b");
  EXPECT_FALSE(merged.has_max);
  ZoneMap nulls_first = ComputeZoneMap([] {
    static auto column = OwnedColumn::OfStrings({""});
    column.SetNull(0);
    return column.span();
  }());
  MergeZoneMap(nulls_first, ZoneOfStrings({"c"}));
  EXPECT_EQ(nulls_first.max.Text(), "c");
}

}  // namespace
}  // namespace luma::storage
