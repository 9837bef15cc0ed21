// The section alerting of prometheus.yml.
#pragma once

#include <vector>

#include "base/status.h"
#include "prom/alertmanager.h"
#include "prom/scrape/path_resolver.h"
#include "prom/scrape/yaml_fields.h"

namespace luma::prom {

// Each target of static_configs is one; alert_relabel_configs of the section come before its own.
// Errors: kInvalidArgument with the line, also for keys that are not served (discovery).
Result<std::vector<Alertmanager>> ReadAlertmanagers(const YamlNode& alerting,
                                                    const PathResolver& paths);

}  // namespace luma::prom
