// The smallest HTTP client: one request on its own connection, no redirects, no TLS.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "net/event_loop.h"
#include "net/http.h"

namespace luma::net {

struct HttpGetRequest {
  std::string host;  // name or numeric address
  uint16_t port = 80;
  std::string method = "GET";
  std::string target = "/";  // path and query, encoded
  std::vector<HttpHeader> headers = {};
  std::string body = {};                      // of another method than GET
  std::chrono::milliseconds timeout{10'000};  // from connecting to the last byte
  uint64_t body_bytes_max = 64 << 20;
};

// `done` is called once, on a thread of `loop`, and must not block. A response of any status is a
// value. Errors: kUnavailable (not found, refused, closed), kTimeout, kTooLarge, kInvalidArgument
// (not HTTP).
void HttpGet(EventLoop& loop, HttpGetRequest request,
             std::function<void(Result<HttpResponse>)> done);

// The same, but blocks until there is a response; not on a thread of `loop`.
Result<HttpResponse> HttpWait(EventLoop& loop, HttpGetRequest request);

}  // namespace luma::net
