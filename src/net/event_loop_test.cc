#include "net/event_loop.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <optional>

namespace luma::net {
namespace {

// How many seats one thread of the loop can take.
int SeatsOf(EventLoop& loop) {
  std::promise<int> taken;
  boost::asio::post(loop.Next(), [&taken] {
    std::optional<BlockingSeat> seats[8];
    int count = 0;
    while (seats[count].emplace().taken()) ++count;
    taken.set_value(count);
  });
  return taken.get_future().get();
}

TEST(EventLoopTest, OneThreadOfEachContextMayNotBlock) {
  EventLoop loop(2, 3);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(SeatsOf(loop), 2) << "seats are given back";
}

TEST(EventLoopTest, TheOnlyThreadOfAContextMayNotBlock) {
  EventLoop loop(1);
  EXPECT_EQ(SeatsOf(loop), 0);
}

TEST(EventLoopTest, ThreadsOfNoLoopHaveNoSeats) { EXPECT_FALSE(BlockingSeat().taken()); }

}  // namespace
}  // namespace luma::net
