// Tells who makes a long answer whether anybody still waits for it.
#pragma once

#include <chrono>

namespace luma::net {

// Looks at the socket of a request, at most every 50 ms, so that it may be asked often.
// Thread-compatible. Lifetime: is asked only before the request is answered, while the server keeps
// the socket open. (A server that stops may close it sooner; it cancels what is asked then.)
class PeerWatch {
 public:
  PeerWatch() = default;  // of nobody, who is never gone
  explicit PeerWatch(int socket) : socket_(socket), next_look_(Clock::now() + kInterval) {}

  // Whether the client has closed its connection, or its sending half of it: as Go's server, and so
  // Prometheus', takes it. Not noticed while bytes of a next request wait to be read.
  bool IsGone();

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kInterval{50};

  int socket_ = -1;
  bool gone_ = false;
  Clock::time_point next_look_ = Clock::time_point::max();
};

}  // namespace luma::net
