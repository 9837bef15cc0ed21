#include "storage/unique_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace luma::storage {
namespace {

IndexedRow Row(uint32_t run, uint32_t position) { return {run, position}; }

std::vector<uint32_t> Positions(const UniqueIndex& index, uint64_t hash) {
  std::vector<IndexedRow> rows;
  index.Find(hash, rows);
  std::vector<uint32_t> positions;
  for (const IndexedRow row : rows) positions.push_back(row.position);
  std::ranges::sort(positions);
  return positions;
}

TEST(UniqueIndexTest, FindsAllRowsOfAHash) {
  MemoryBudget budget(1 << 20);
  UniqueIndex index({ColumnId{1}}, budget);
  EXPECT_THAT(Positions(index, 5), testing::IsEmpty());
  index.Insert(5, Row(1, 10));
  index.Insert(5, Row(1, 11));
  index.Insert(5, Row(1, 11));
  index.Insert(6, Row(1, 12));
  EXPECT_THAT(Positions(index, 5), testing::ElementsAre(10, 11));
  EXPECT_EQ(index.size(), 3);
  EXPECT_GT(budget.booked_bytes(BudgetUse::kCache), 0);
}

TEST(UniqueIndexTest, RowsKnowTheirLayout) {
  const IndexedRow row{(uint32_t{1} << 31) | 7, 3};
  EXPECT_EQ(row.run(), RunId{7});
  EXPECT_EQ(row.layout(), 1);
}

// Few home slots and many collisions: erasing must not cut a probe chain.
TEST(UniqueIndexTest, SweepsLeaveEverythingElseFindable) {
  MemoryBudget budget(1 << 30);
  UniqueIndex index({ColumnId{1}}, budget);
  std::mt19937_64 random(7);
  std::map<uint64_t, std::set<uint32_t>> model;
  for (uint32_t i = 0; i < 5000; ++i) {
    const uint64_t hash = random() % 64 + (random() % 4 << 60);
    index.Insert(hash, Row(1, i));
    model[hash].insert(i);
    if (i % 50 != 0) continue;
    const auto is_dead = [](IndexedRow row) { return row.position % 3 == 0; };
    index.SweepKey(hash, is_dead);
    std::erase_if(model[hash], [](uint32_t position) { return position % 3 == 0; });
  }
  for (const auto& [hash, positions] : model) {
    EXPECT_THAT(Positions(index, hash), testing::ElementsAreArray(positions));
  }
  index.Sweep([](IndexedRow row) { return row.position < 4990; });
  EXPECT_LE(index.size(), 10);
  for (const auto& [hash, positions] : model) {
    std::set<uint32_t> left = positions;
    std::erase_if(left, [](uint32_t position) { return position < 4990; });
    EXPECT_THAT(Positions(index, hash), testing::ElementsAreArray(left));
  }
}

}  // namespace
}  // namespace luma::storage
