// Everything that runs: built from a configuration, stopped in the opposite order.
#pragma once

#include <memory>

#include "base/status.h"
#include "server/config.h"

namespace luma::server {

// Threads: every method from one thread, main()'s.
class Server {
 public:
  // Opens the store (which recovers it), binds the ports and serves. Logs one line for each port,
  // "listening service=http address=127.0.0.1:8080", and "ready" at the end. Blocks for recovery.
  // Errors: those of the parts; nothing keeps running then.
  static Result<std::unique_ptr<Server>> Start(Config config);
  ~Server();  // Stop()

  // Applies the keys that may change and logs those that wait for a restart.
  void Reload(const Config& loaded);

  // Takes no new work, lets requests at work finish for [server] shutdown_grace, closes the store.
  // Idempotent. Blocks.
  void Stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace luma::server
