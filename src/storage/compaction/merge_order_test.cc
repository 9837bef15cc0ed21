#include "storage/compaction/merge_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "encoding/testing/test_seed.h"

namespace luma::storage {
namespace {

using testing::ElementsAre;

DeleteBitmapPtr Bitmap(const std::vector<uint32_t>& positions) {
  if (positions.empty()) return nullptr;
  auto bitmap = std::make_shared<DeleteBitmap>();
  for (const uint32_t position : positions) bitmap->Add(position);
  return bitmap;
}

std::vector<uint32_t> Positions(const DeleteBitmapPtr& bitmap) {
  std::vector<uint32_t> positions;
  if (bitmap != nullptr) bitmap->ForEach([&](uint32_t at) { positions.push_back(at); });
  return positions;
}

TEST(MergeOrderTest, DeletesFollowTheirRows) {
  MergeOrder order;  // rows: 0 0 1 0 1 1
  order.Append(0, 2);
  order.Append(1, 1);
  order.Append(0, 1);
  order.Append(1, 2);
  const std::vector<DeleteBitmapPtr> merged = {Bitmap({1}), nullptr};
  EXPECT_EQ(order.Remap(merged, merged), nullptr);
  const std::vector<DeleteBitmapPtr> now = {Bitmap({0, 1, 3}), Bitmap({1})};
  EXPECT_THAT(Positions(order.Remap(merged, now)), ElementsAre(0, 3, 4))
      << "input 0 gave its rows 0, 2, 3";
}

// Rows that expired are left out of a merge and deleted nowhere.
TEST(MergeOrderTest, RowsThatWereLeftOutNeedNotBeDeletedNow) {
  MergeOrder order;
  order.Append(0, 3);  // rows 0, 3 and 4
  const std::vector<DeleteBitmapPtr> merged = {Bitmap({1, 2})};
  const std::vector<DeleteBitmapPtr> nothing_new = {Bitmap({2})};
  EXPECT_EQ(order.Remap(merged, nothing_new), nullptr);
  const std::vector<DeleteBitmapPtr> now = {Bitmap({2, 3})};
  EXPECT_THAT(Positions(order.Remap(merged, now)), ElementsAre(1));
}

TEST(MergeOrderTest, LongStretchesAreSplit) {
  MergeOrder order;
  order.Append(0, 20'000'000);
  order.Append(0, 20'000'000);
  order.Append(1, 1);
  const std::vector<DeleteBitmapPtr> merged(2);
  const std::vector<DeleteBitmapPtr> now = {Bitmap({0, 19'999'999, 39'999'999}), Bitmap({0})};
  EXPECT_THAT(Positions(order.Remap(merged, now)),
              ElementsAre(0, 19'999'999, 39'999'999, 40'000'000));
  EXPECT_LT(order.memory_bytes(), 100);
}

// Goal: as a model says that carries every row by hand.
TEST(MergeOrderTest, AnyMergeAndAnyDeletes) {
  const uint64_t first_seed = encoding::testing::TestSeed();
  for (uint64_t seed = first_seed; seed < first_seed + 200; ++seed) {
    LUMA_TRACE_SEED(seed);
    std::mt19937_64 random(seed);
    const size_t inputs = 1 + random() % 5;
    std::vector<std::vector<uint32_t>> left_out(inputs);
    std::vector<std::vector<uint32_t>> rows(inputs);  // that are merged
    for (size_t i = 0; i < inputs; ++i) {
      for (uint32_t position = 0; position < 1 + random() % 300; ++position) {
        (random() % 4 == 0 ? left_out[i] : rows[i]).push_back(position);
      }
    }
    MergeOrder order;
    std::vector<std::vector<uint32_t>> deleted = left_out;
    std::vector<uint32_t> expected;
    std::vector<size_t> next(inputs);
    uint32_t start = 0;
    for (int step = 0; step < 400; ++step) {
      const size_t input = random() % inputs;
      const size_t count = std::min<size_t>(random() % 9, rows[input].size() - next[input]);
      order.Append(input, static_cast<uint32_t>(count));
      for (size_t i = 0; i < count; ++i, ++start, ++next[input]) {
        if (random() % 5 != 0) continue;
        deleted[input].push_back(rows[input][next[input]]);
        expected.push_back(start);
      }
    }
    std::vector<DeleteBitmapPtr> merged;
    std::vector<DeleteBitmapPtr> now;
    for (size_t i = 0; i < inputs; ++i) {
      merged.push_back(Bitmap(left_out[i]));
      now.push_back(Bitmap(deleted[i]));
    }
    ASSERT_EQ(Positions(order.Remap(merged, now)), expected);
  }
}

}  // namespace
}  // namespace luma::storage
