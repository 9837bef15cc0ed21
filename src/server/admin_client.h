// Starts tasks of a running server (admin_api.h) and follows them.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "net/event_loop.h"
#include "net/http_client.h"
#include "server/config.h"

namespace luma::server {

// Threads: one. Blocks.
class AdminClient {
 public:
  // `server` is "http://host:port"; empty: the HTTP port of `config`, whose [auth] is sent if the
  // port asks for it. Errors: kInvalidArgument for an address.
  static Result<AdminClient> For(const Config& config, const std::string& server);

  // POSTs to `target` and hands out every line of the task that this starts. Returns the last one.
  // Errors: what the server says; kUnavailable when it does not answer.
  Result<std::string> Run(const std::string& target,
                          const std::function<void(std::string_view line)>& on_line);

 private:
  AdminClient() : loop_(std::make_unique<net::EventLoop>(1)) {}
  Result<net::HttpResponse> Ask(std::string method, std::string target);

  std::unique_ptr<net::EventLoop> loop_;
  net::HttpGetRequest request_;  // without method and target
};

}  // namespace luma::server
