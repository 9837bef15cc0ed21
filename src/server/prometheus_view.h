// The configuration as Prometheus' status pages show theirs.
#pragma once

#include <map>
#include <string>

#include "prom/status_api.h"
#include "server/config.h"

namespace luma::server {

// What a Prometheus would be configured with to do the same: intervals, scrape jobs, rule files,
// Alertmanagers.
std::string PrometheusConfigYaml(const Config& config);

// Prometheus' command line flags that have a counterpart here, with its value.
std::map<std::string, std::string> PrometheusFlags(const Config& config);

prom::FeatureSet PrometheusFeatures(const Config& config);

// All but the times, which the caller knows.
prom::RuntimeInfo PrometheusRuntimeInfo(const Config& config);

}  // namespace luma::server
