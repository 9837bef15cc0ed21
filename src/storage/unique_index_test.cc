#include "storage/unique_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "storage/unique_indexes.h"

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
  EXPECT_GT(budget.booked_bytes(BudgetUse::kIndexes), 0);
}

TEST(UniqueIndexTest, RowsKnowTheirLayout) {
  MemoryBudget budget(1 << 20);
  UniqueIndex index({ColumnId{1}}, budget);
  const std::vector<IndexedRow> rows = {{7, 3, 0}, {7, 3, 1}, {7, 3, 65'535}};
  for (const IndexedRow row : rows) index.Insert(UINT64_MAX, row);
  std::vector<IndexedRow> found;
  index.Find(UINT64_MAX, found);
  EXPECT_THAT(found, testing::UnorderedElementsAreArray(rows));
  index.SweepKey(UINT64_MAX, [](IndexedRow row) { return row.layout == 1; });
  EXPECT_EQ(index.size(), 2);
}

class RunOfLayout final : public Run {
 public:
  RunOfLayout(RunId id, uint32_t layout) : Run(id), layout_(layout) {}
  Tier tier() const override { return Tier::kWarm; }
  uint32_t layout() const override { return layout_; }
  uint64_t file_bytes() const override { return 1; }
  uint32_t BlockCount(uint32_t) const override { return 1; }
  uint32_t BlockStart(uint32_t) const override { return 0; }
  uint32_t BlockRows(uint32_t, uint32_t rows) const override { return rows; }
  const ZoneMap* Zone(ColumnId, uint32_t, uint32_t) const override { return nullptr; }
  Result<ColumnBlock> Read(const ColumnSchema&, uint32_t, uint32_t) const override {
    return Status::Internal("no rows");
  }

 private:
  const uint32_t layout_;
};

TEST(UniqueIndexTest, RowsOfFormerLayoutsAreDeadAndThoseToComeAreNot) {
  for (const uint32_t layout : {1u, 32'768u, 65'535u, 65'536u, 1'000'000u}) {
    auto deletes = std::make_shared<DeleteBitmap>();
    deletes->Add(5);
    TableVersion oldest;
    oldest.AddSealed(std::make_shared<const RunVersion>(
        std::make_shared<const RunOfLayout>(RunId{7}, layout), 10, deletes));
    const auto is_dead = [&](uint32_t run, uint32_t position, uint32_t row_layout) {
      const IndexedRow row{run, position, static_cast<uint16_t>(row_layout)};
      return UniqueIndexes::IsDead(row, &oldest);
    };
    EXPECT_TRUE(is_dead(7, 4, layout - 1));
    EXPECT_FALSE(is_dead(7, 4, layout));
    EXPECT_TRUE(is_dead(7, 5, layout));
    EXPECT_FALSE(is_dead(7, 5, layout + 1));
    EXPECT_TRUE(is_dead(6, 4, layout)) << "merged away";
    EXPECT_FALSE(is_dead(8, 4, 0)) << "newer than the state";
  }
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
