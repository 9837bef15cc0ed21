#include "prom/query_memory.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace luma::prom {
namespace {

using storage::BudgetUse;

class QueryMemoryTest : public testing::Test {
 protected:
  const std::atomic<bool> running_{false};
};

TEST_F(QueryMemoryTest, IsBookedUntilTheAnswerIsGone) {
  storage::MemoryBudget budget(100);
  {
    QueryMemory memory(&budget, running_);
    EXPECT_TRUE(memory.Book(20).ok());
    EXPECT_TRUE(memory.Book(20).ok());
    EXPECT_EQ(budget.booked_bytes(BudgetUse::kQuery), 40u);
  }
  EXPECT_EQ(budget.booked_bytes(), 0u);
}

TEST_F(QueryMemoryTest, QueriesTogetherLeaveHalfToIngestion) {
  storage::MemoryBudget budget(100);
  QueryMemory one(&budget, running_);
  QueryMemory two(&budget, running_);
  EXPECT_TRUE(one.Book(30).ok());
  EXPECT_EQ(two.Book(21).code(), StatusCode::kOutOfMemory);
  EXPECT_TRUE(two.Book(20).ok());
  EXPECT_EQ(one.Book(UINT64_MAX).code(), StatusCode::kOutOfMemory);
}

TEST_F(QueryMemoryTest, ACancelledQueryGetsNoMore) {
  storage::MemoryBudget budget(100);
  std::atomic<bool> cancelled = false;
  QueryMemory memory(&budget, cancelled);
  EXPECT_TRUE(memory.Book(1).ok());
  cancelled = true;
  EXPECT_EQ(memory.Book(1).code(), StatusCode::kCancelled);
}

TEST_F(QueryMemoryTest, AQueryThatNobodyWaitsForGetsNoMore) {
  storage::MemoryBudget budget(UINT64_MAX);
  int sockets[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
  QueryMemory memory(&budget, running_, net::PeerWatch(sockets[0]));
  EXPECT_TRUE(memory.Book(1).ok());
  close(sockets[1]);
  Status status = Status::Ok();
  while (status.ok()) status = memory.Book(0);
  EXPECT_EQ(status.code(), StatusCode::kCancelled);
  close(sockets[0]);
}

TEST_F(QueryMemoryTest, WithoutABudgetNothingIsBounded) {
  EXPECT_TRUE(QueryMemory(nullptr, running_).Book(UINT64_MAX).ok());
}

}  // namespace
}  // namespace luma::prom
