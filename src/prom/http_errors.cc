#include "prom/http_errors.h"

#include <string>
#include <utility>

namespace luma::prom {
namespace {

// Long enough not to be hammered while a disk is full, short enough to resume at once.
constexpr std::string_view kRetryAfter = "Retry-After";
constexpr const char* kFullDiskSeconds = "5";
constexpr const char* kSeconds = "1";

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
    response.headers.push_back({std::string(kRetryAfter), disk_full ? kFullDiskSeconds : kSeconds});
  }
  return response;
}

net::HttpResponse PartlyRefusedResponse(const WriteSummary& stored, std::string text) {
  const bool is_over_limit = stored.series_over_limit > 0;
  net::HttpResponse response = net::TextResponse(is_over_limit ? 429 : 400, std::move(text));
  if (is_over_limit) response.headers.push_back({std::string(kRetryAfter), kSeconds});
  return response;
}

}  // namespace luma::prom
