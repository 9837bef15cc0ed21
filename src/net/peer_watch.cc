#include "net/peer_watch.h"

#include <sys/socket.h>

#include <cerrno>

namespace luma::net {

bool PeerWatch::IsGone() {
  if (gone_ || socket_ < 0) return gone_;
  const Clock::time_point now = Clock::now();
  if (now < next_look_) return false;
  next_look_ = now + kInterval;
  char byte = 0;
  const ssize_t got = recv(socket_, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT);
  gone_ = got == 0 || (got < 0 && errno == ECONNRESET);
  return gone_;
}

}  // namespace luma::net
