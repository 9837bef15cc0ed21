#include "storage/hot/row_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <string_view>
#include <tuple>
#include <utility>

#include "storage/hot/hot_run.h"
#include "storage/testing/test_rows.h"

namespace luma::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ColumnSchema Column(uint32_t id, PhysicalType type) {
  ColumnSchema column;
  column.id = ColumnId{id};
  column.physical_type = type;
  return column;
}

// The order of one column of values without nulls.
template <typename T>
std::vector<uint32_t> OrderOf(PhysicalType type, const std::vector<T>& values) {
  MemoryBudget budget(1 << 20);
  const MemoryAccount account{.budget = &budget};
  const std::vector<RunColumn> columns{{ColumnId{1}, type}};
  const ColumnSpan span{.type = type,
                        .count = static_cast<uint32_t>(values.size()),
                        .values = reinterpret_cast<const std::byte*>(values.data())};
  const auto run =
      HotRun::WithRoom(HotRun::Empty(RunId{1}, std::make_shared<const RunColumns>(columns)), 0,
                       span.count, LongStringBytes({&span, 1}, 0, span.count), account);
  (*run)->Append(0, {&span, 1});
  const ColumnSchema column = Column(1, type);
  const ColumnSchema* const key = &column;
  return *SortedOrder(RunVersion(*run, span.count, nullptr), {&key, 1});
}

TEST(RowOrderTest, RowsInOrderNeedNoOrder) {
  EXPECT_THAT(OrderOf<int64_t>(PhysicalType::kInt64, {-3, 1, 1, 9}), IsEmpty());
  EXPECT_THAT(OrderOf<int64_t>(PhysicalType::kInt64, {7}), IsEmpty());
}

TEST(RowOrderTest, EqualRowsKeepTheirOrder) {
  EXPECT_THAT(OrderOf<int32_t>(PhysicalType::kInt32, {2, 1, 2, 1}), ElementsAre(1, 3, 0, 2));
}

TEST(RowOrderTest, NumbersAreOrderedByValue) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_THAT(OrderOf<double>(PhysicalType::kFloat64,
                              {std::nan(""), kInfinity, 0.0, -0.0, -1.5, -kInfinity, 1e300}),
              ElementsAre(5, 4, 2, 3, 6, 1, 0));
  EXPECT_THAT(OrderOf<int8_t>(PhysicalType::kInt8, {1, -1, 0}), ElementsAre(1, 2, 0));
  EXPECT_THAT(OrderOf<uint64_t>(PhysicalType::kUInt64, {UINT64_MAX, 0}), ElementsAre(1, 0));
  EXPECT_THAT(OrderOf<Int128>(PhysicalType::kInt128, {{0, 1}, {5, 0}, {4, 0}, {0, -1}}),
              ElementsAre(3, 2, 1, 0));
}

TEST(RowOrderTest, StringsAreOrderedByBytes) {
  EXPECT_THAT(OrderOf<StringRef>(PhysicalType::kBytes,
                                 {StringRef("b"), StringRef(""), StringRef("\xff"),
                                  StringRef("a long common prefix 2"),
                                  StringRef("a long common prefix 10"), StringRef("a")}),
              ElementsAre(1, 5, 4, 3, 0, 2));
}

// Goal: any mix of keys is ordered as a comparison sort does it. Method: random rows with few and
// many distinct keys in all bytes, against std::sort.
TEST(RowOrderTest, RandomKeysAreOrderedAsAComparisonSortDoes) {
  std::mt19937_64 random(17);
  for (const uint64_t mask : {0x3ull, 0xff00ull, 0xffff0ull, 0xf0000000000000f0ull, ~0ull}) {
    std::vector<uint64_t> keys(3'000);
    for (uint64_t& key : keys) key = random() & mask;
    std::vector<uint32_t> expected(keys.size());
    std::iota(expected.begin(), expected.end(), 0);
    std::ranges::sort(expected, {}, [&](uint32_t row) { return std::pair(keys[row], row); });
    EXPECT_EQ(OrderOf(PhysicalType::kUInt64, keys), expected) << std::hex << mask;
  }
}

// Goal: samples are ordered by series and time, whether a series' times came in order or not.
// Method: random series, dense and sparse, and times that rise, or rise but for one, or are random.
TEST(RowOrderTest, RowsOfOneKeyAreOrderedByTheNext) {
  constexpr uint32_t kRows = 2'000;
  const std::vector<RunColumn> columns{{ColumnId{1}, PhysicalType::kUInt64},
                                       {ColumnId{2}, PhysicalType::kInt64}};
  const ColumnSchema first = Column(1, PhysicalType::kUInt64);
  const ColumnSchema second = Column(2, PhysicalType::kInt64);
  const std::vector<const ColumnSchema*> key{&first, &second};
  const auto span = [](PhysicalType type, const auto& values) {
    return ColumnSpan{
        .type = type, .count = kRows, .values = reinterpret_cast<const std::byte*>(values.data())};
  };
  std::mt19937_64 random(18);
  for (const uint64_t step : {1ull, 1'000ull, 1ull << 40}) {
    for (const char* const times : {"rising", "rising but for one", "random"}) {
      SCOPED_TRACE(testing::Message() << times << ", step " << step);
      std::vector<uint64_t> series(kRows);
      std::vector<int64_t> at(kRows);
      for (uint32_t row = 0; row < kRows; ++row) {
        series[row] = 7 + random() % 100 * step;
        at[row] = std::string_view(times) == "random" ? static_cast<int64_t>(random()) : row / 2;
      }
      if (std::string_view(times) == "rising but for one") at[kRows / 2] = -5;
      MemoryBudget budget(1 << 20);
      const auto run =
          HotRun::WithRoom(HotRun::Empty(RunId{1}, std::make_shared<const RunColumns>(columns)), 0,
                           kRows, 0, {.budget = &budget});
      (*run)->Append(
          0, std::array{span(PhysicalType::kUInt64, series), span(PhysicalType::kInt64, at)});
      std::vector<uint32_t> expected(kRows);
      std::iota(expected.begin(), expected.end(), 0);
      std::ranges::sort(expected, {},
                        [&](uint32_t row) { return std::tuple(series[row], at[row], row); });
      EXPECT_EQ(*SortedOrder(RunVersion(*run, kRows, nullptr), key), expected);
    }
  }
}

// The first chunk of the column can be compared where it lies, the second cannot.
TEST(RowOrderTest, ChunksWithAndWithoutNullsAreOrderedTogether) {
  MemoryBudget budget(1 << 20);
  const MemoryAccount account{.budget = &budget};
  const CatalogObject table = TestTable();
  auto run =
      *HotRun::WithRoom(HotRun::Empty(RunId{1}, RunColumns::Of(*table.table)), 0, 64, 0, account);
  std::vector<TestRow> first;
  for (int64_t i = 0; i < 64; ++i) first.push_back({32 - i, "a"});
  run->Append(0, TestColumns(first).spans());
  run = *HotRun::WithRoom(run, 64, 3, 0, account);
  run->Append(64, TestColumns({{-100, "a"}, {std::nullopt, "a"}, {100, "a"}}).spans());
  const ColumnSchema* const key = &table.table->columns[0];
  std::vector<uint32_t> expected{64};
  for (uint32_t i = 0; i < 64; ++i) expected.push_back(63 - i);
  expected.insert(expected.end(), {66, 65});
  EXPECT_EQ(*SortedOrder(RunVersion(run, 67, nullptr), {&key, 1}), expected);
}

TEST(RowOrderTest, NullsComeLastAndLaterColumnsDecide) {
  MemoryBudget budget(1 << 20);
  const MemoryAccount account{.budget = &budget};
  const CatalogObject table = TestTable();
  const TestColumns rows({{std::nullopt, "b"}, {1, std::nullopt}, {1, "z"}, {std::nullopt, "a"}});
  const auto run =
      HotRun::WithRoom(HotRun::Empty(RunId{1}, RunColumns::Of(*table.table)), 0, 4, 100, account);
  (*run)->Append(0, rows.spans());
  const std::vector<const ColumnSchema*> key{&table.table->columns[0], &table.table->columns[1]};
  EXPECT_THAT(*SortedOrder(RunVersion(*run, 4, nullptr), key), ElementsAre(2, 1, 3, 0));
}

}  // namespace
}  // namespace luma::storage
