// HTTP/1.1 server: keep-alive, limits, time-outs, graceful drain. Knows no protocol above HTTP.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "net/access.h"
#include "net/event_loop.h"
#include "net/memory_account.h"
#include "net/router.h"
#include "net/worker_pool.h"

namespace luma::net {

struct HttpServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 0;  // 0: any free one
  // When this many are open, a new one takes the place of the one that waited longest without a
  // whole request; when all are at work, the new one is closed.
  size_t connections_max = 10'000;
  uint32_t header_bytes_max = 64 << 10;  // request line and headers; more is 431
  // Request bodies in memory over all connections, at most half of it from one address; above it,
  // 503 with Retry-After.
  uint64_t body_bytes_in_flight_max = 256ull << 20;
  // Also books bodies, refused with 503 as above, and connections. Null: nobody does.
  MemoryAccount* memory = nullptr;
  std::chrono::milliseconds first_byte_timeout{10'000};  // of a new connection
  std::chrono::milliseconds idle_timeout{120'000};       // between two requests
  std::chrono::milliseconds header_timeout{10'000};      // from a request's first byte
  std::chrono::milliseconds body_timeout{60'000};
  std::chrono::milliseconds write_timeout{30'000};  // for each 256 KiB of a response
  const PasswordCheck* password_check = nullptr;    // null: no authentication
  Admission* admission = nullptr;                   // null: no rate limit
  // Told the status of every request that is answered without its handler. Called on threads of the
  // event loop; must not block.
  std::function<void(int status)> on_refusal = [](int) {};
};

// Threads: every method from any thread but those of the event loop and the worker pools.
// Lifetime: the event loop, the worker pools and what the options point at outlive the server.
class HttpServer {
 public:
  // Binds and starts to serve. Errors: kInvalidArgument for a bad host, kUnavailable when the
  // address cannot be bound.
  static Result<std::unique_ptr<HttpServer>> Start(EventLoop& loop, WorkerPool& workers,
                                                   Router router, HttpServerOptions options);
  ~HttpServer();  // Stop() without waiting for requests

  uint16_t port() const;
  size_t connection_count() const;

  // Accepts no more, closes idle connections, lets requests at work finish for `drain`, then calls
  // `hurry`, which should make handlers give up, and closes the rest. Returns when every connection
  // is gone, which takes until every Responder has been answered or dropped.
  void Stop(std::chrono::milliseconds drain, const std::function<void()>& hurry = [] {});

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace luma::net
