#include "base/parallel_for.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace luma {
namespace {

// Runs each task on a thread of its own at once.
class Threads {
 public:
  ~Threads() {
    for (std::thread& thread : threads_) thread.join();
  }
  TaskOffer Offer() {
    return [this](std::function<void()> task) {
      MutexLock lock(mutex_);
      threads_.emplace_back(std::move(task));
      return true;
    };
  }

 private:
  Mutex mutex_;
  std::vector<std::thread> threads_ LUMA_GUARDED_BY(mutex_);
};

std::vector<int> CallsOf(const TaskOffer& offer, size_t count) {
  std::vector<std::atomic<int>> calls(count);
  ParallelFor({.offer = offer, .count_max = 4}, count, [&](size_t i) { ++calls[i]; });
  return {calls.begin(), calls.end()};
}

TEST(ParallelFor, CallsForEachIndexOnceWhoeverHelps) {
  Threads threads;
  for (const size_t count : {0, 1, 2, 100, 5000}) {
    const std::vector<int> once(count, 1);
    EXPECT_EQ(CallsOf(nullptr, count), once);
    EXPECT_EQ(CallsOf(threads.Offer(), count), once);
    EXPECT_EQ(CallsOf([](const auto&) { return false; }, count), once);
  }
}

TEST(ParallelFor, IsOverWithoutTasksThatNeverRun) {
  std::vector<std::function<void()>> kept;
  std::atomic<int> calls = 0;
  const TaskOffer keep = [&](std::function<void()> task) {
    kept.push_back(std::move(task));
    return true;
  };
  ParallelFor({.offer = keep, .count_max = 3}, 10, [&](size_t) { ++calls; });
  EXPECT_EQ(calls, 10);
  EXPECT_EQ(kept.size(), 3U);
  for (const auto& task : kept) task();  // late: the body is gone
  EXPECT_EQ(calls, 10);
}

TEST(ParallelFor, OffersNoMoreTasksThanThereAreRounds) {
  int offered = 0;
  const TaskOffer count_offers = [&](const std::function<void()>& task) {
    ++offered;
    task();
    return true;
  };
  const Helpers helpers{.offer = count_offers, .count_max = 8};
  ParallelFor(helpers, 3, [](size_t) {});
  EXPECT_EQ(offered, 2);
  ParallelFor(helpers, 1, [](size_t) {});
  EXPECT_EQ(offered, 2);
}

TEST(ParallelFor, WaitsForRoundsThatOthersHaveBegun) {
  Threads threads;
  for (int round = 0; round < 200; ++round) {
    std::vector<int> results(16);
    ParallelFor({.offer = threads.Offer(), .count_max = 3}, results.size(), [&](size_t i) {
      std::this_thread::yield();
      results[i] = static_cast<int>(i) + 1;
    });
    for (size_t i = 0; i < results.size(); ++i) ASSERT_EQ(results[i], static_cast<int>(i) + 1);
  }
}

}  // namespace
}  // namespace luma
