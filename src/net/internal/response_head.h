// Status line and headers of a response.
#pragma once

#include <cstddef>
#include <string>

#include "net/http.h"

namespace luma::net {

struct ResponseFraming {
  bool keep_alive = true;
  bool http_1_0 = false;  // HTTP/1.0 peers close unless told otherwise
};

// Ends with the empty line. Content-Length is that of response.body; 204 and 304 have none.
std::string ResponseHead(const HttpResponse& response, ResponseFraming framing);

}  // namespace luma::net
