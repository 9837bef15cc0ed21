// How a Status becomes a plain HTTP answer on the write path.
#pragma once

#include <string>

#include "base/status.h"
#include "model/metrics_source.h"
#include "net/http.h"

namespace luma::prom {

// 4xx other than 429 tells a sender to drop the data, 429 and 5xx to send it again, so the mapping
// decides over data: whatever storage may take later is 429 or 503 with Retry-After, a full disk
// too.
net::HttpResponse WriteErrorResponse(const Status& status);

// To a request of which `stored` was stored and something refused: 429 when some of it may be
// stored later, since a limit keeps new series out; otherwise 400. Repeating it is harmless.
net::HttpResponse PartlyRefusedResponse(const WriteSummary& stored, std::string text);

}  // namespace luma::prom
