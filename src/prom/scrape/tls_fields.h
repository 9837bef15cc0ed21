// tls_config of Prometheus.
#pragma once

#include "base/status.h"
#include "net/fetcher.h"
#include "prom/scrape/path_resolver.h"
#include "prom/scrape/yaml_fields.h"

namespace luma::prom {

// Errors: kInvalidArgument with the line.
Status ReadTls(const YamlNode& node, const PathResolver& paths, net::TlsOptions& tls);

}  // namespace luma::prom
