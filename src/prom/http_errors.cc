#include "prom/http_errors.h"

#include <string>

namespace luma::prom {

net::HttpResponse WriteErrorResponse(const Status& status) {
  const bool disk_full = status.code() == StatusCode::kDiskFull;
  const int http_status = disk_full ? 503 : HttpStatus(status.code());
  net::HttpResponse response = net::TextResponse(http_status, std::string(status.message()));
  if (http_status == 429 || http_status == 503) {
    // Long enough not to be hammered while a disk is full, short enough to resume at once.
    response.headers.push_back({"Retry-After", disk_full ? "5" : "1"});
  }
  return response;
}

}  // namespace luma::prom
