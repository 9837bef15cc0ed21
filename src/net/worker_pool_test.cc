#include "net/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

namespace luma::net {
namespace {

TEST(WorkerPoolTest, RunsATaskOnTheThreadThatBringsIt) {
  WorkerPool pool(1, 10);
  std::thread::id ran_on;
  EXPECT_TRUE(pool.TryRunHere([&] { ran_on = std::this_thread::get_id(); }));
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(WorkerPoolTest, ATaskRunHereTakesThePlaceOfAThread) {
  WorkerPool pool(1, 10);
  std::atomic<bool> over = false;
  std::promise<void> ran;
  EXPECT_TRUE(pool.TryRunHere([&] {
    EXPECT_FALSE(pool.TryRunHere([] { ADD_FAILURE() << "two at once"; }));
    EXPECT_TRUE(pool.TrySubmit([&] {
      EXPECT_TRUE(over) << "two at once";
      ran.set_value();
    }));
    over = true;
  }));
  ran.get_future().wait();  // whoever leaves a place wakes a thread for it
}

TEST(WorkerPoolTest, NobodyRunsHereWhileTheThreadsAreAtWork) {
  WorkerPool pool(1, 10);
  std::promise<void> started;
  std::promise<void> release;
  EXPECT_TRUE(pool.TrySubmit([&] {
    started.set_value();
    release.get_future().wait();
  }));
  started.get_future().wait();
  EXPECT_FALSE(pool.TryRunHere([] { ADD_FAILURE() << "two at once"; }));
  release.set_value();
  pool.Stop();
  EXPECT_FALSE(pool.TryRunHere([] { ADD_FAILURE() << "stopped"; }));
}

}  // namespace
}  // namespace luma::net
