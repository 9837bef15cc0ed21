// Entries of static_configs, file_sd_configs, http_sd_configs and dns_sd_configs.
#pragma once

#include "base/status.h"
#include "prom/scrape/path_resolver.h"
#include "prom/scrape/scrape_config.h"
#include "prom/scrape/yaml_fields.h"

namespace luma::prom {

// Errors of each: kInvalidArgument with the line, in Prometheus' words where it has some.
Result<TargetGroup> ReadTargetGroup(const YamlNode& node);
Result<DiscoveryConfig> ReadFileDiscovery(const YamlNode& node, const PathResolver& paths);
Result<DiscoveryConfig> ReadHttpDiscovery(const YamlNode& node, const PathResolver& paths);
Result<DiscoveryConfig> ReadDnsDiscovery(const YamlNode& node);

// An error when the job has another kind of discovery.
Status RefuseOtherDiscoveries(const YamlNode& job);

}  // namespace luma::prom
