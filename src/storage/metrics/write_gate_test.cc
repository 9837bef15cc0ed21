#include "storage/metrics/write_gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace luma::storage {
namespace {

TEST(WriteGateTest, ExclusiveWaitsForSharedAndKeepsNewOnesOut) {
  WriteGate gate;
  ASSERT_TRUE(gate.TryEnterShared());
  std::atomic<int> order = 0;
  std::thread exclusive([&] {
    gate.EnterExclusive();
    EXPECT_EQ(order.fetch_add(1), 1);
    gate.LeaveExclusive();
  });
  // Left by another thread than entered it, as the log thread does.
  std::thread leaver([&] {
    EXPECT_EQ(order.fetch_add(1), 0);
    gate.LeaveShared();
  });
  leaver.join();
  exclusive.join();
  EXPECT_TRUE(gate.TryEnterShared());
  gate.LeaveShared();
  EXPECT_EQ(order, 2);
}

TEST(WriteGateTest, NobodyIsInsideWithAnExclusiveOne) {
  WriteGate gate;
  std::atomic<int> shared_inside = 0;
  std::atomic<int> exclusive_inside = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        if (t == 0 || (t == 1 && i % 8 == 0)) {
          gate.EnterExclusive();
          EXPECT_EQ(exclusive_inside.fetch_add(1), 0);
          EXPECT_EQ(shared_inside, 0);
          EXPECT_FALSE(gate.TryEnterShared());
          --exclusive_inside;
          gate.LeaveExclusive();
        } else if (gate.TryEnterShared()) {
          ++shared_inside;
          EXPECT_EQ(exclusive_inside, 0);
          --shared_inside;
          gate.LeaveShared();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace luma::storage
