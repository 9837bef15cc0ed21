// Signals as values: blocked in every thread, taken one by one by the thread that asks.
#pragma once

#include <csignal>

namespace luma::server {

enum class SignalEvent { kStop, kReload };

// Blocks SIGTERM, SIGINT and SIGHUP for the calling thread and all threads it starts later, and
// ignores SIGPIPE, since a write to a closed socket reports an error anyway. Called once, by
// main(), before any thread exists.
class Signals {
 public:
  Signals();
  // Blocks until one arrives: SIGHUP is kReload, SIGTERM and SIGINT are kStop.
  SignalEvent Wait() const;

 private:
  sigset_t set_;
};

}  // namespace luma::server
