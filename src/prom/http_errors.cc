#include "prom/http_errors.h"

#include <string>

namespace luma::prom {
namespace {

// Only what the request itself is to blame for is 4xx. The general table has others, which would
// make a sender drop data that could be stored later.
int WriteHttpStatus(StatusCode code) {
  switch (code) {
    case StatusCode::kInvalidArgument:
    case StatusCode::kTooLarge:
    case StatusCode::kTooManyRequests:
    case StatusCode::kOutOfMemory:
    case StatusCode::kUnavailable:
    case StatusCode::kTimeout:
      return HttpStatus(code);
    case StatusCode::kDiskFull:
      return 503;
    case StatusCode::kUnsupported:
      return 415;
    default:
      return 500;
  }
}

}  // namespace

net::HttpResponse WriteErrorResponse(const Status& status) {
  const bool disk_full = status.code() == StatusCode::kDiskFull;
  const int http_status = WriteHttpStatus(status.code());
  net::HttpResponse response = net::TextResponse(http_status, std::string(status.message()));
  if (http_status == 429 || http_status == 503) {
    // Long enough not to be hammered while a disk is full, short enough to resume at once.
    response.headers.push_back({"Retry-After", disk_full ? "5" : "1"});
  }
  return response;
}

}  // namespace luma::prom
