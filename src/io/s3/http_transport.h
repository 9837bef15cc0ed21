// One HTTP exchange, as the S3 client needs it: a seam, so that tests play the server.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace luma::io {

struct HttpRequest {
  std::string method;  // GET, HEAD, PUT, POST, DELETE
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;  // Host among them
  ByteSpan body;
  // A longer body of a 2xx answer is an error, found before it has been received whole. Of other
  // answers the first kErrorBodyBytesMax are kept.
  uint64_t response_bytes_max = 0;
  std::chrono::milliseconds timeout{0};
  // Asked at least once a second; from any thread that Perform may use.
  std::function<bool()> is_cancelled = [] { return false; };
};

inline constexpr uint64_t kErrorBodyBytesMax = 64 << 10;

struct HttpResponse {
  int status = 0;
  Bytes body;
  std::string etag;                        // as sent, with its quotes
  std::string content_range;               // "bytes 0-9/100"
  std::optional<uint64_t> content_length;  // as declared; for HEAD there is no body to hold it to
  std::optional<std::chrono::seconds> retry_after = std::nullopt;  // when given as a number
};

// Threads: Perform from any thread.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  // Any status is an answer. Redirects are not followed. Errors: kUnavailable when there was no
  // connection, so the request was not seen; kTimeout when it may have been: an answer that did not
  // come, or not whole; kInvalidArgument for an endpoint or certificate that will never do;
  // kTooLarge, see response_bytes_max; kCancelled.
  virtual Result<HttpResponse> Perform(const HttpRequest& request) = 0;
};

}  // namespace luma::io
