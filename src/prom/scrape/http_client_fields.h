// http_config of Prometheus: the keys of an HTTP client, which its owner has among its own.
#pragma once

#include "base/status.h"
#include "prom/scrape/http_client_config.h"
#include "prom/scrape/path_resolver.h"
#include "prom/scrape/yaml_fields.h"

namespace luma::prom {

// Takes them out of the mapping `node`, whose other keys come back. Errors: kInvalidArgument with
// the line, also for keys that are not served.
Result<YamlNode> TakeHttpFields(const YamlNode& node, const PathResolver& paths,
                                HttpClientConfig& http);

}  // namespace luma::prom
