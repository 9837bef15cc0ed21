#include "io/s3/curl_transport.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>

namespace luma::io {
namespace {

// A server that takes connections and never answers.
class SilentServer {
 public:
  SilentServer() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    auto* const at = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(socket_, at, length), 0);
    EXPECT_EQ(listen(socket_, 8), 0);
    EXPECT_EQ(getsockname(socket_, at, &length), 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentServer() { close(socket_); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  const int socket_;
  uint16_t port_ = 0;
};

TEST(CurlTransportTest, AnExchangeThatWaitsForItsAnswerCanBeCancelled) {
  const SilentServer server;
  CurlTransport transport("");
  std::atomic<int> asked{0};
  const auto response = transport.Perform({.method = "GET",
                                           .url = server.url(),
                                           .headers = {},
                                           .body = {},
                                           .timeout = std::chrono::hours(1),
                                           .is_cancelled = [&] { return ++asked > 3; }});
  EXPECT_EQ(response.status().code(), StatusCode::kCancelled) << response.status();
}

}  // namespace
}  // namespace luma::io
