#include "storage/budget.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace luma::storage {
namespace {

TEST(BudgetTest, RefusesWhatDoesNotFitAndSaysWhy) {
  MemoryBudget budget(100);
  auto lease = budget.Book(BudgetUse::kIngest, 70);
  ASSERT_TRUE(lease.ok());
  const Status status = budget.Book(BudgetUse::kQuery, 31).status();
  EXPECT_EQ(status.code(), StatusCode::kOutOfMemory);
  EXPECT_EQ(status.message(), "memory budget exceeded: use=query asked=31 booked=70 limit=100");
  EXPECT_EQ(budget.booked_bytes(), 70u);
  EXPECT_EQ(budget.booked_bytes(BudgetUse::kQuery), 0u);
  EXPECT_TRUE(budget.Book(BudgetUse::kQuery, 30).ok());
}

TEST(BudgetTest, LeaseGivesBackWhatItBookedExactlyOnce) {
  MemoryBudget budget(100);
  {
    BudgetLease lease = *budget.Book(BudgetUse::kCache, 10);
    ASSERT_TRUE(lease.Grow(20).ok());
    EXPECT_FALSE(lease.Grow(71).ok());
    EXPECT_EQ(lease.bytes(), 30u);
    BudgetLease moved = std::move(lease);
    BudgetLease other = *budget.Book(BudgetUse::kQuery, 5);
    other = std::move(moved);
    EXPECT_EQ(budget.booked_bytes(), 30u);
    EXPECT_EQ(budget.booked_bytes(BudgetUse::kCache), 30u);
    EXPECT_EQ(budget.booked_bytes(BudgetUse::kQuery), 0u);
  }
  EXPECT_EQ(budget.booked_bytes(), 0u);
}

TEST(BudgetTest, ReplayMayExceedTheLimitAndThenNothingElseFits) {
  MemoryBudget budget(100);
  const BudgetLease lease = budget.BookAlways(BudgetUse::kHotRows, 200);
  EXPECT_EQ(budget.booked_bytes(), 200u);
  EXPECT_FALSE(budget.Book(BudgetUse::kIngest, 1).ok());
  EXPECT_FALSE(budget.Book(BudgetUse::kIngest, UINT64_MAX).ok());
}

TEST(BudgetTest, ALeaseMovesToAnotherUseInAFullBudget) {
  MemoryBudget budget(100);
  {
    auto lease = budget.Book(BudgetUse::kTransactions, 100);
    lease->MoveTo(BudgetUse::kHotRows);
    EXPECT_EQ(budget.booked_bytes(), 100u);
    EXPECT_EQ(budget.booked_bytes(BudgetUse::kTransactions), 0u);
    EXPECT_EQ(budget.booked_bytes(BudgetUse::kHotRows), 100u);
  }
  EXPECT_EQ(budget.booked_bytes(BudgetUse::kHotRows), 0u);
}

class CountingReliever final : public MemoryReliever {
 public:
  explicit CountingReliever(BudgetLease held) : held_(std::move(held)) {}
  void Relieve(uint64_t bytes) override {
    asked += bytes;
    held_.Release();
  }
  uint64_t asked = 0;

 private:
  BudgetLease held_;
};

TEST(BudgetTest, TheRelieverIsAskedBeforeABookingIsRefused) {
  MemoryBudget budget(100);
  CountingReliever reliever(*budget.Book(BudgetUse::kCache, 80));
  budget.SetReliever(&reliever);
  EXPECT_FALSE(budget.Book(BudgetUse::kCache, 30).ok());  // a cache does not grow at its own cost
  EXPECT_EQ(reliever.asked, 0u);
  EXPECT_TRUE(budget.Book(BudgetUse::kIngest, 30).ok());
  EXPECT_EQ(reliever.asked, 30u);
  EXPECT_FALSE(budget.Book(BudgetUse::kIngest, 101).ok());
}

TEST(BudgetTest, SqlHasALimitOfItsOwn) {
  std::atomic<uint64_t> sql = 70;
  MemoryBudget budget(100);
  budget.CountSql(sql, 200);
  EXPECT_EQ(budget.booked_bytes(BudgetUse::kSql), 70u);
  EXPECT_EQ(budget.limit_bytes(BudgetUse::kSql), 200u);
  EXPECT_EQ(budget.limit_bytes(BudgetUse::kQuery), 100u);
  EXPECT_EQ(budget.booked_bytes(), 0u);
  EXPECT_TRUE(budget.Book(BudgetUse::kQuery, 100).ok());
}

TEST(BudgetTest, ATestCanRefuseAnyBooking) {
  MemoryBudget budget(100);
  budget.RefuseBooking(2);
  EXPECT_TRUE(budget.Book(BudgetUse::kQuery, 1).ok());
  EXPECT_FALSE(budget.Book(BudgetUse::kQuery, 1).ok());
  EXPECT_TRUE(budget.Book(BudgetUse::kQuery, 1).ok());
  EXPECT_EQ(budget.RefuseBooking(1, true), 3u);
  EXPECT_FALSE(budget.Book(BudgetUse::kQuery, 1).ok());
  EXPECT_FALSE(budget.Book(BudgetUse::kQuery, 1).ok());
  EXPECT_EQ(budget.RefuseBooking(0), 2u);
  EXPECT_TRUE(budget.Book(BudgetUse::kQuery, 1).ok());
}

TEST(BudgetTest, EveryUseHasAName) {
  for (int use = 0; use < kBudgetUseCount; ++use) {
    EXPECT_FALSE(BudgetUseName(static_cast<BudgetUse>(use)).empty());
  }
}

TEST(BudgetTest, ConcurrentLeasesNeverExceedTheLimit) {
  MemoryBudget budget(1000);
  std::atomic<bool> exceeded = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) {
        const auto lease = budget.Book(BudgetUse::kIngest, 300);
        if (budget.booked_bytes() > 1000) exceeded = true;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(exceeded);
  EXPECT_EQ(budget.booked_bytes(), 0u);
}

}  // namespace
}  // namespace luma::storage
