// How a Status becomes a plain HTTP answer on the write path.
#pragma once

#include "base/status.h"
#include "net/http.h"

namespace luma::prom {

// 4xx other than 429 tells a sender to drop the data, 429 and 5xx to send it again, so the mapping
// decides over data: whatever storage may take later is 429 or 503 with Retry-After, a full disk
// too. kUnsupported is 415: the encoding of a body.
net::HttpResponse WriteErrorResponse(const Status& status);

}  // namespace luma::prom
