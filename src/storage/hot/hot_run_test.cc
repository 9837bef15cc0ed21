#include "storage/hot/hot_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/run_version.h"
#include "storage/testing/test_rows.h"

namespace luma::storage {
namespace {

class HotRunTest : public testing::Test {
 protected:
  void Append(const std::vector<TestRow>& rows) {
    const TestColumns columns(rows);
    const auto count = static_cast<uint32_t>(rows.size());
    const auto roomy =
        HotRun::WithRoom(run_, used_, count, LongStringBytes(columns.spans(), 0, count), account_);
    ASSERT_TRUE(roomy.ok()) << roomy.status();
    run_ = *roomy;
    run_->Append(used_, columns.spans());
    used_ += count;
    rows_.insert(rows_.end(), rows.begin(), rows.end());
  }
  std::vector<TestRow> Read(const HotRunPtr& run, uint32_t rows) const {
    return ReadRows(TableSnapshot(table_, {std::make_shared<RunVersion>(run, rows, nullptr)}));
  }

  MemoryBudget budget_{16 << 20};
  MemoryAccount account_{.budget = &budget_};
  const CatalogObjectPtr table_ = std::make_shared<const CatalogObject>(TestTable());
  HotRunPtr run_ = HotRun::Empty(RunId{1}, RunColumns::Of(*table_->table));
  uint32_t used_ = 0;
  std::vector<TestRow> rows_;
};

TEST_F(HotRunTest, BatchesOfAnySizeReadBack) {
  for (const int64_t size : {1, 62, 1, 1, 64, 500, 3, 20'000, 7}) {
    std::vector<TestRow> rows;
    for (int64_t i = 0; i < size; ++i) {
      rows.push_back({i % 11 == 0 ? std::nullopt : std::optional(i),
                      i % 5 == 0 ? std::nullopt : std::optional(std::string(i % 30, 'x'))});
    }
    Append(rows);
    EXPECT_EQ(Read(run_, used_), rows_);
  }
  for (uint32_t block = 0; block < run_->BlockCount(used_); ++block) {
    EXPECT_EQ(run_->BlockStart(block) % 64, 0);
    EXPECT_LE(run_->BlockRows(block, used_), HotRun::kChunkRowsMax);
  }
}

TEST_F(HotRunTest, ReadersKeepTheirRowsWhileOthersAreAppended) {
  Append({{1, "a"}, {2, std::nullopt}});
  const HotRunPtr before = run_;
  const auto block = *before->Read(table_->table->columns[1], 0, 2);
  for (int64_t i = 0; i < 200; ++i) Append({{std::nullopt, std::nullopt}});
  EXPECT_THAT(Read(before, 2), testing::ElementsAre(TestRow{1, "a"}, TestRow{2, std::nullopt}));
  EXPECT_EQ(block.flat.count, 2);
  EXPECT_FALSE(block.flat.IsNull(0));
  EXPECT_TRUE(block.flat.IsNull(1));
}

TEST_F(HotRunTest, BlocksWithoutNullsHaveNoValidity) {
  Append({{1, "a"}});
  Append({{2, std::nullopt}});
  EXPECT_EQ((*run_->Read(table_->table->columns[1], 0, 1)).flat.validity, nullptr);
  EXPECT_NE((*run_->Read(table_->table->columns[1], 0, 2)).flat.validity, nullptr);
  EXPECT_EQ((*run_->Read(table_->table->columns[0], 0, 2)).flat.validity, nullptr);
}

TEST_F(HotRunTest, FullBlocksHaveZones) {
  std::vector<TestRow> rows;
  for (int64_t i = 0; i < 64; ++i) rows.push_back({100 - i, "x"});
  Append(rows);
  Append({{5, "y"}});
  const ZoneMap* const zone = run_->Zone(ColumnId{1}, 0, 65);
  ASSERT_NE(zone, nullptr);
  EXPECT_EQ(zone->min.As<int64_t>(), 37);
  EXPECT_EQ(zone->max.As<int64_t>(), 100);
  EXPECT_EQ(run_->Zone(ColumnId{1}, 1, 65), nullptr) << "not full";
  EXPECT_EQ(run_->Zone(ColumnId{1}, 0, 63), nullptr) << "not full for this reader";
  EXPECT_EQ(run_->Zone(ColumnId{9}, 0, 65), nullptr) << "no such column";
}

TEST_F(HotRunTest, MemoryIsBookedBeforeItIsAllocatedAndGivenBack) {
  Append({{1, "a text of more than twelve bytes"}});
  EXPECT_GE(budget_.booked_bytes(BudgetUse::kHotRows), 64 * 24);
  budget_.SetLimit(budget_.booked_bytes());
  const auto full = HotRun::WithRoom(run_, 1, 1000, 0, account_);
  EXPECT_EQ(full.status().code(), StatusCode::kOutOfMemory);
  run_ = nullptr;
  EXPECT_EQ(budget_.booked_bytes(), 0);
}

TEST_F(HotRunTest, MemoryCanBeCountedAsAnotherUse) {
  Append({{1, "a text of more than twelve bytes"}});
  const uint64_t bytes = budget_.booked_bytes(BudgetUse::kHotRows);
  EXPECT_EQ(run_->memory_bytes(), bytes);
  run_->MoveTo(BudgetUse::kTransactions);
  EXPECT_EQ(budget_.booked_bytes(BudgetUse::kHotRows), 0);
  EXPECT_EQ(budget_.booked_bytes(BudgetUse::kTransactions), bytes);
}

}  // namespace
}  // namespace luma::storage
