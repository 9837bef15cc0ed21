// Which message a request of remote write holds, as its headers say.
#pragma once

#include "base/status.h"
#include "net/http.h"

namespace luma::prom {

// kOne: prometheus.WriteRequest; kTwo: io.prometheus.write.v2.Request.
enum class WriteVersion : uint8_t { kOne, kTwo };

// By Content-Type and its parameter proto. A sender that says nothing means version 1.0, and
// snappy, as Prometheus takes it. Errors: kUnsupported for another type, message or
// Content-Encoding, for the sender.
Result<WriteVersion> NegotiateWriteVersion(const net::HttpRequest& request);

}  // namespace luma::prom
