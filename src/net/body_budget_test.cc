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

}  // namespace
}  // namespace luma::net
