// oauth2 of Prometheus' http_config.
#pragma once

#include "base/status.h"
#include "prom/scrape/http_client_config.h"
#include "prom/scrape/path_resolver.h"
#include "prom/scrape/yaml_fields.h"

namespace luma::prom {

// Errors: kInvalidArgument with the line, also for grants other than client credentials.
Result<OAuth2Config> ReadOAuth2(const YamlNode& node, const PathResolver& paths);

}  // namespace luma::prom
