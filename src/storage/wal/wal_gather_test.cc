#include "storage/wal/wal_gather.h"

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>

namespace luma::storage {
namespace {

constexpr WalGather::TimePoint kNow{std::chrono::seconds(5)};

// After rounds at whose ends so many waited, all at kNow.
WalGather After(std::initializer_list<size_t> rounds) {
  WalGather gather;
  for (const size_t waiting : rounds) gather.RoundEnded(waiting, kNow);
  return gather;
}

TEST(WalGatherTest, ASenderThatIsAloneNeverWaits) {
  EXPECT_TRUE(After({}).IsThere(1, kNow));
  EXPECT_TRUE(After({1, 1, 1}).IsThere(1, kNow));
}

TEST(WalGatherTest, WaitsForSendersThatComeBackTogether) {
  const WalGather gather = After({4, 4, 4, 4, 4, 4, 4, 4});
  EXPECT_EQ(gather.expected(), 4u);
  EXPECT_FALSE(gather.IsThere(3, kNow));
  EXPECT_TRUE(gather.IsThere(4, kNow));
  EXPECT_TRUE(gather.IsThere(1, gather.until()));
  EXPECT_FALSE(gather.IsThere(0, gather.until()));
}

// Goal: senders find together though their first rounds are of one and of all others in turn.
TEST(WalGatherTest, SendersThatAlternateFindTogether) {
  WalGather gather = After({1, 3, 1, 3, 1, 3, 1, 3});
  EXPECT_EQ(gather.expected(), 2u);
}

TEST(WalGatherTest, AQuickSenderDoesNotWaitForASlowOne) {
  WalGather gather = After({1, 1, 1, 1, 1, 1, 1, 1});
  for (int round = 0; round < 10; ++round) {
    gather.RoundEnded(2, kNow);
    EXPECT_TRUE(gather.IsThere(1, kNow)) << "round " << round;
    for (int alone = 0; alone < 4; ++alone) gather.RoundEnded(1, kNow);
  }
}

TEST(WalGatherTest, DoesNotWaitForThoseWhoHaveLeft) {
  EXPECT_TRUE(After({9, 9, 9, 9, 9, 1}).IsThere(1, kNow));
}

}  // namespace
}  // namespace luma::storage
