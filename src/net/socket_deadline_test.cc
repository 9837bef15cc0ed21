#include "net/internal/socket_deadline.h"

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>

namespace luma::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// A socket that waits for a peer that never sends.
class SocketDeadlineTest : public testing::Test {
 protected:
  SocketDeadlineTest() {
    tcp::acceptor acceptor(io_, {asio::ip::address_v4::loopback(), 0});
    peer_.connect(acceptor.local_endpoint());
    socket_ = acceptor.accept();
  }
  // Until the read is cancelled; how long it took.
  Clock::duration Read() {
    const Clock::time_point begin = Clock::now();
    boost::system::error_code outcome;
    socket_.async_read_some(asio::buffer(space_),
                            [&](boost::system::error_code error, size_t) { outcome = error; });
    while (!outcome) io_.run_one();
    EXPECT_EQ(outcome, asio::error::operation_aborted);
    return Clock::now() - begin;
  }

  asio::io_context io_;
  tcp::socket peer_{io_};
  tcp::socket socket_{io_};
  std::array<char, 16> space_;
};

TEST_F(SocketDeadlineTest, ALimitThatTakesSeveralWaitsIsNotPassedEarly) {
  SocketDeadline deadline(socket_, milliseconds(5));
  deadline.ExpireAfter(milliseconds(50));
  EXPECT_GE(Read(), milliseconds(50));
  EXPECT_TRUE(deadline.fired());
}

TEST_F(SocketDeadlineTest, AShorterLimitIsNotHeldUpByALongerOne) {
  SocketDeadline deadline(socket_);
  deadline.ExpireAfter(std::chrono::hours(1));
  deadline.ExpireAfter(milliseconds(20));
  EXPECT_LT(Read(), SocketDeadline::kWaitMax);
}

TEST_F(SocketDeadlineTest, ALongerLimitTakesThePlaceOfAShorterOne) {
  SocketDeadline deadline(socket_);
  deadline.ExpireAfter(milliseconds(10));
  deadline.ExpireAfter(milliseconds(60));
  EXPECT_GE(Read(), milliseconds(60));
}

TEST_F(SocketDeadlineTest, CancelsUntilDisarmedAndCanBeSetAgain) {
  SocketDeadline deadline(socket_, milliseconds(5));
  deadline.ExpireAfter(milliseconds(1));
  Read();
  Read();  // of the same limit
  deadline.Disarm();
  while (io_.poll_one() > 0) {
  }
  deadline.ExpireAfter(milliseconds(30));
  EXPECT_FALSE(deadline.fired());
  EXPECT_GE(Read(), milliseconds(30));
}

}  // namespace
}  // namespace luma::net
