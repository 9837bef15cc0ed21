// Finds the handler of a request by method and path.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http.h"
#include "net/worker_pool.h"

namespace luma::net {

struct RouteOptions {
  uint64_t body_bytes_max = 1 << 20;  // more is 413
  bool anonymous = false;             // served without credentials, e.g. health checks
  // In whose places the handler runs; null: the server's pool. For handlers that take so long that
  // others must not wait for them. Outlives the server.
  WorkerPool* workers = nullptr;
};

struct Route {
  std::string method;
  // "{name}" stands for any one segment, "{name...}" at the end for any number of them, but none.
  std::vector<std::string> segments;
  RouteOptions options;
  HttpHandler handler;  // runs in a place of a worker pool and may block
};

// Filled once, then read by any thread.
class Router {
 public:
  // Sees every handler that is added, to count or time what it does. `pattern` is the route's.
  using Wrap = std::function<HttpHandler(std::string_view pattern, HttpHandler handler)>;

  Router() = default;
  explicit Router(Wrap wrap) : wrap_(std::move(wrap)) {}

  // `pattern` is like "/api/v1/label/{name}/values". The first route added that fits wins.
  void Add(std::string_view method, std::string_view pattern, RouteOptions options,
           HttpHandler handler);

  struct Match {
    const Route* route = nullptr;
    std::vector<std::pair<std::string, std::string>> parameters;
    // The methods that would fit, when only the method does not; never OPTIONS.
    std::string allow;
  };
  Match Find(std::string_view method, std::string_view path) const;

 private:
  Wrap wrap_;
  std::vector<Route> routes_;
};

}  // namespace luma::net
