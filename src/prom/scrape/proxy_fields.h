// The keys about proxies, which an HTTP client has among its own: proxy_url, no_proxy,
// proxy_from_environment and proxy_connect_header.
#pragma once

#include "base/status.h"
#include "net/proxy.h"
#include "prom/scrape/yaml_fields.h"

namespace luma::prom {

// Reads proxy_connect_header: {name: [value, ...], ...}.
FieldReader IntoConnectHeaders(net::ProxyOptions& proxy);

// Whether the keys go together. Errors: kInvalidArgument with the line.
Status CheckProxy(const YamlNode& node, const net::ProxyOptions& proxy);

}  // namespace luma::prom
