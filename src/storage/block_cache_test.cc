#include "storage/block_cache.h"

#include <gtest/gtest.h>

namespace luma::storage {
namespace {

DecodedBlockPtr Block(uint32_t rows) {
  encoding::AlignedBuffer values(rows * sizeof(int64_t));
  std::fill_n(values.data(), values.size(), std::byte{0});
  return std::make_shared<const encoding::DecodedBlock>(encoding::DecodedBlock::Flat(
      PhysicalType::kInt64, rows, std::move(values), encoding::AlignedBuffer()));
}

class BlockCacheTest : public testing::Test {
 protected:
  // Asks for a block of 1000 rows; true when it had to be loaded.
  bool Loads(BlockCache& cache, uint32_t block) {
    bool loaded = false;
    const auto got = cache.Get({.segment = 1, .column = ColumnId{1}, .block = block}, [&] {
      loaded = true;
      return Result<DecodedBlockPtr>(Block(1000));
    });
    EXPECT_TRUE(got.ok());
    return loaded;
  }
  MemoryBudget budget_{1 << 20};
};

TEST_F(BlockCacheTest, ASecondReadLoadsNothing) {
  BlockCache cache(budget_, 1 << 20);
  EXPECT_TRUE(Loads(cache, 0));
  EXPECT_FALSE(Loads(cache, 0));
  EXPECT_TRUE(Loads(cache, 1));
  EXPECT_GE(budget_.booked_bytes(BudgetUse::kCache), 16'000);
}

TEST_F(BlockCacheTest, KeepsNoMoreThanItMay) {
  BlockCache cache(budget_, 200'000);
  for (uint32_t block = 0; block < 1000; ++block) Loads(cache, block);
  EXPECT_LE(budget_.booked_bytes(BudgetUse::kCache), 200'000);
  EXPECT_GT(budget_.booked_bytes(BudgetUse::kCache), 50'000);
}

// A row group of a cold object may be larger than an eighth of the cache, and is read in four
// parts.
TEST_F(BlockCacheTest, ABlockMayTakeMoreThanItsShareOfTheRoomThatIsFree) {
  BlockCache cache(budget_, 40'000);
  EXPECT_TRUE(Loads(cache, 0));
  EXPECT_FALSE(Loads(cache, 0));
  for (uint32_t block = 1; block < 100; ++block) {
    EXPECT_TRUE(Loads(cache, block));
    EXPECT_FALSE(Loads(cache, block)) << block;
    EXPECT_LE(budget_.booked_bytes(BudgetUse::kCache), 40'000);
  }
}

TEST_F(BlockCacheTest, AFullBudgetMeansNotKept) {
  BlockCache cache(budget_, 1 << 20);
  budget_.SetLimit(0);
  EXPECT_TRUE(Loads(cache, 0));
  EXPECT_TRUE(Loads(cache, 0));
}

TEST_F(BlockCacheTest, WhatAReaderHoldsStaysBooked) {
  BlockCache cache(budget_, 1 << 20);
  const auto get = [&] {
    return *cache.Get({.segment = 1, .column = ColumnId{1}, .block = 0},
                      [] { return Result<DecodedBlockPtr>(Block(1000)); });
  };
  DecodedBlockPtr held = get();
  cache.Shrink(1 << 20);
  EXPECT_GE(budget_.booked_bytes(BudgetUse::kCache), 8'000);
  held.reset();
  EXPECT_EQ(budget_.booked_bytes(), 0);
  budget_.SetLimit(0);
  held = get();
  EXPECT_GE(budget_.booked_bytes(BudgetUse::kDecode), 8'000);
  held.reset();
  EXPECT_EQ(budget_.booked_bytes(), 0);
}

TEST_F(BlockCacheTest, ShrinksByAboutWhatIsWanted) {
  BlockCache cache(budget_, 1 << 20);
  for (uint32_t block = 0; block < 100; ++block) Loads(cache, block);
  const uint64_t before = budget_.booked_bytes(BudgetUse::kCache);
  cache.Shrink(before / 2);
  EXPECT_LE(budget_.booked_bytes(BudgetUse::kCache), before / 2 + 100'000);
  EXPECT_GT(budget_.booked_bytes(BudgetUse::kCache), before / 4);
  cache.Shrink(UINT64_MAX);
  EXPECT_EQ(budget_.booked_bytes(BudgetUse::kCache), 0);
}

TEST_F(BlockCacheTest, ErrorsAreNotKept) {
  BlockCache cache(budget_, 1 << 20);
  const CachedBlockKey key{.segment = 1, .column = ColumnId{1}, .block = 0};
  const auto fail = [] { return Result<DecodedBlockPtr>(Status::IoError("no")); };
  EXPECT_EQ(cache.Get(key, fail).status().code(), StatusCode::kIoError);
  EXPECT_TRUE(Loads(cache, 0));
}

}  // namespace
}  // namespace luma::storage
