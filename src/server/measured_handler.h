// Counts and times what an HTTP handler answers.
#pragma once

#include <string_view>

#include "base/metrics.h"
#include "net/http.h"

namespace luma::server {

// luma_http_requests_total{handler,code} and luma_http_request_seconds{handler} of `handler`.
// `name` is the route's pattern, never the request's path, so that clients cannot add series.
net::HttpHandler Measured(std::string_view name, net::HttpHandler handler,
                          MetricsRegistry& registry);

}  // namespace luma::server
