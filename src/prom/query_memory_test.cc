#include "prom/query_memory.h"

#include <gtest/gtest.h>

namespace luma::prom {
namespace {

using storage::BudgetUse;

TEST(QueryMemoryTest, IsBookedUntilTheAnswerIsGone) {
  storage::MemoryBudget budget(100);
  {
    QueryMemory memory(&budget);
    EXPECT_TRUE(memory.Book(20).ok());
    EXPECT_TRUE(memory.Book(20).ok());
    EXPECT_EQ(budget.booked_bytes(BudgetUse::kQuery), 40u);
  }
  EXPECT_EQ(budget.booked_bytes(), 0u);
}

TEST(QueryMemoryTest, QueriesTogetherLeaveHalfToIngestion) {
  storage::MemoryBudget budget(100);
  QueryMemory one(&budget);
  QueryMemory two(&budget);
  EXPECT_TRUE(one.Book(30).ok());
  EXPECT_EQ(two.Book(21).code(), StatusCode::kOutOfMemory);
  EXPECT_TRUE(two.Book(20).ok());
  EXPECT_EQ(one.Book(UINT64_MAX).code(), StatusCode::kOutOfMemory);
}

TEST(QueryMemoryTest, WithoutABudgetNothingIsBounded) {
  EXPECT_TRUE(QueryMemory(nullptr).Book(UINT64_MAX).ok());
}

}  // namespace
}  // namespace luma::prom
