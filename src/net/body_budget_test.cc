#include "net/internal/body_budget.h"

#include <gtest/gtest.h>

namespace luma::net {
namespace {

TEST(BodyBudgetTest, OnePeerGetsAtMostHalf) {
  const std::string greedy = "192.0.2.1";
  const std::string other = "192.0.2.2";
  const std::string third = "192.0.2.3";
  BodyBudget budget(100);
  BodyLease first(budget, greedy);
  EXPECT_TRUE(first.GrowTo(30));
  BodyLease second(budget, greedy);
  EXPECT_FALSE(second.GrowTo(21));
  EXPECT_TRUE(second.GrowTo(20));
  BodyLease of_other(budget, other);
  EXPECT_TRUE(of_other.GrowTo(40));
  EXPECT_FALSE(BodyLease(budget, third).GrowTo(11)) << "all together are over the limit";
}

TEST(BodyBudgetTest, WhatIsGivenBackCanBeTakenAgain) {
  const std::string peer = "192.0.2.1";
  BodyBudget budget(100);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(BodyLease(budget, peer).GrowTo(50));
  EXPECT_FALSE(BodyLease(budget, peer).GrowTo(UINT64_MAX / 2));
}

class LimitedAccount final : public MemoryAccount {
 public:
  std::shared_ptr<const void> Take(uint64_t bytes) override {
    return bytes > left ? nullptr : TakeAlways(bytes);
  }
  std::shared_ptr<const void> TakeAlways(uint64_t bytes) override {
    left -= bytes;
    return {this, [this, bytes](const void*) { left += bytes; }};
  }
  uint64_t left = 30;
};

TEST(BodyBudgetTest, WhatTheAccountRefusesIsNotTaken) {
  const std::string peer = "192.0.2.1";
  LimitedAccount account;
  BodyBudget budget(100, &account);
  {
    BodyLease lease(budget, peer);
    EXPECT_TRUE(lease.GrowTo(10));
    EXPECT_TRUE(lease.GrowTo(25));
    EXPECT_FALSE(lease.GrowTo(31));
    EXPECT_EQ(account.left, 5u);
  }
  EXPECT_EQ(account.left, 30u);
  account.left = 50;
  EXPECT_TRUE(BodyLease(budget, peer).GrowTo(50)) << "a refusal is no use of the peer's share";
}

}  // namespace
}  // namespace luma::net
