// Everything that runs: built from a configuration, stopped in the opposite order.
#pragma once

#include <functional>
#include <memory>

#include "base/status.h"
#include "server/config.h"

namespace luma::server {

// Threads: Reload from any thread, the rest from one, main()'s.
class Server {
 public:
  using LoadFunction = std::function<Result<Config>()>;

  // `load` is where a reload gets the configuration from; calls of it do not overlap.
  // Opens the store (which recovers it), binds the ports and serves. Logs one line for each port,
  // "listening service=http address=127.0.0.1:8080", and "ready" at the end. Blocks for recovery.
  // Errors: those of the parts; nothing keeps running then.
  static Result<std::unique_ptr<Server>> Start(Config config, LoadFunction load);
  ~Server();  // Stop()

  // Reads the configuration again and applies the keys that may change; logs those that wait for a
  // restart. Errors: those of `load`, and of parts that go on as before.
  Status Reload();

  // Takes no new work, lets requests at work finish for [server] shutdown_grace, closes the store.
  // Idempotent. Blocks.
  void Stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace luma::server
