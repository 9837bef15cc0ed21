#include "net/peer_watch.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

namespace luma::net {
namespace {

using std::chrono::milliseconds;

class PeerWatchTest : public testing::Test {
 protected:
  PeerWatchTest() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets_), 0); }
  ~PeerWatchTest() override {
    close(sockets_[0]);
    close(sockets_[1]);
  }
  // Asked again and again until it looks.
  static void WaitUntilGone(PeerWatch& watch) {
    while (!watch.IsGone()) std::this_thread::sleep_for(milliseconds(1));
  }
  static bool IsGoneAfterALook(PeerWatch& watch) {
    std::this_thread::sleep_for(milliseconds(60));
    return watch.IsGone();
  }
  int sockets_[2];
};

TEST_F(PeerWatchTest, NoticesThatAClientHangsUp) {
  PeerWatch watch(sockets_[0]);
  EXPECT_FALSE(IsGoneAfterALook(watch));
  shutdown(sockets_[1], SHUT_WR);
  WaitUntilGone(watch);
  EXPECT_TRUE(watch.IsGone());
}

TEST_F(PeerWatchTest, AClientThatSendsMoreIsThere) {
  PeerWatch watch(sockets_[0]);
  ASSERT_EQ(send(sockets_[1], "GET", 3, 0), 3);
  EXPECT_FALSE(IsGoneAfterALook(watch));
  char bytes[8];
  EXPECT_EQ(recv(sockets_[0], bytes, sizeof(bytes), MSG_DONTWAIT), 3) << "nothing was taken";
}

TEST_F(PeerWatchTest, NobodyIsNeverGone) {
  PeerWatch watch;
  EXPECT_FALSE(IsGoneAfterALook(watch));
}

}  // namespace
}  // namespace luma::net
