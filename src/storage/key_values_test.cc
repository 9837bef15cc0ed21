#include "storage/key_values.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace luma::storage {
namespace {

template <typename T>
KeyBlocks KeysOf(PhysicalType type, const std::vector<T>& values) {
  return {FlatBlock({.type = type,
                     .count = static_cast<uint32_t>(values.size()),
                     .values = reinterpret_cast<const std::byte*>(values.data())})};
}

void ExpectEqual(const KeyBlocks& keys, bool equal) {
  EXPECT_EQ(KeysEqual(keys, 0, keys, 1), equal);
  EXPECT_EQ(HashKey(keys, 0) == HashKey(keys, 1), equal);
}

TEST(KeyValuesTest, NumbersAreEqualAsInSql) {
  const std::vector<double> zeros{0.0, -0.0};
  ExpectEqual(KeysOf(PhysicalType::kFloat64, zeros), true);
  const std::vector<double> nans{std::nan("1"), -std::nan("2")};
  ExpectEqual(KeysOf(PhysicalType::kFloat64, nans), true);
  const std::vector<float> floats{1.0F, 2.0F};
  ExpectEqual(KeysOf(PhysicalType::kFloat32, floats), false);
}

TEST(KeyValuesTest, IntervalsAreEqualByDuration) {
  const std::vector<IntervalValue> same{{1, 0, 0}, {0, 29, int64_t{24} * 3600 * 1'000'000}};
  ExpectEqual(KeysOf(PhysicalType::kInterval, same), true);
  const std::vector<IntervalValue> negative{{0, -1, 1}, {0, 0, 1 - int64_t{24} * 3600 * 1'000'000}};
  ExpectEqual(KeysOf(PhysicalType::kInterval, negative), true);
  const std::vector<IntervalValue> different{{1, 0, 0}, {0, 31, 0}};
  ExpectEqual(KeysOf(PhysicalType::kInterval, different), false);
}

TEST(KeyValuesTest, StringsAreEqualByBytes) {
  const std::string one = "a text that is long enough";
  const std::string two = one;
  const std::vector<StringRef> texts{StringRef(one), StringRef(two)};
  ExpectEqual(KeysOf(PhysicalType::kBytes, texts), true);
}

TEST(KeyValuesTest, ColumnsDoNotRunIntoEachOther) {
  const std::vector<StringRef> first{StringRef("ab"), StringRef("a")};
  const std::vector<StringRef> second{StringRef("c"), StringRef("bc")};
  KeyBlocks keys = KeysOf(PhysicalType::kBytes, first);
  keys.push_back(KeysOf(PhysicalType::kBytes, second)[0]);
  ExpectEqual(keys, false);
}

TEST(KeyValuesTest, AKeyWithANullHasNoHashAndEqualsNothing) {
  const std::vector<int64_t> values{1, 1};
  const uint64_t validity = 0b10;
  KeyBlocks keys = KeysOf(PhysicalType::kInt64, values);
  keys[0].flat.validity = &validity;
  EXPECT_EQ(HashKey(keys, 0), std::nullopt);
  EXPECT_FALSE(KeysEqual(keys, 0, keys, 0));
  EXPECT_TRUE(KeysEqual(keys, 1, keys, 1));
}

TEST(KeyValuesTest, ShapesOfBlocksDoNotMatter) {
  const std::vector<int64_t> values{5, 6};
  ColumnBlock constant = KeysOf(PhysicalType::kInt64, values)[0];
  constant.shape = ColumnBlock::Shape::kConstant;
  constant.row_count = 100;
  ColumnBlock dictionary = KeysOf(PhysicalType::kInt64, values)[0];
  dictionary.shape = ColumnBlock::Shape::kDictionary;
  const std::vector<uint32_t> codes{1, 0};
  dictionary.codes = codes.data();
  dictionary.row_count = 2;
  EXPECT_TRUE(KeysEqual({constant}, 99, {dictionary}, 1));
  EXPECT_FALSE(KeysEqual({constant}, 99, {dictionary}, 0));
  EXPECT_EQ(HashKey({constant}, 99), HashKey({dictionary}, 1));
}

}  // namespace
}  // namespace luma::storage
