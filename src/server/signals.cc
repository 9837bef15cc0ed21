#include "server/signals.h"

#include "base/check.h"

namespace luma::server {

Signals::Signals() {
  sigemptyset(&set_);
  static constexpr int kTaken[] = {SIGTERM, SIGINT, SIGHUP};
  for (const int signal : kTaken) sigaddset(&set_, signal);
  LUMA_CHECK(pthread_sigmask(SIG_BLOCK, &set_, nullptr) == 0);
  LUMA_CHECK(std::signal(SIGPIPE, SIG_IGN) != SIG_ERR);
}

SignalEvent Signals::Wait() const {
  int signal = 0;
  LUMA_CHECK(sigwait(&set_, &signal) == 0);
  return signal == SIGHUP ? SignalEvent::kReload : SignalEvent::kStop;
}

}  // namespace luma::server
