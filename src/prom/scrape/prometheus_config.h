// prometheus.yml: the configuration file of Prometheus, as far as scraping and Alertmanagers go.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "prom/alertmanager.h"
#include "prom/scrape/scrape_config.h"

namespace luma::prom {

struct PrometheusConfig {
  std::vector<ScrapeConfigPtr> scrape_configs;
  std::vector<Alertmanager> alertmanagers;  // of alerting
  std::vector<std::string> warnings;        // of keys that are ignored: "line 9: rule_files is ..."
  std::string text;                         // the file again, without secrets
};

// Paths in it are relative to `directory`, which is absolute or empty. Unknown keys are errors, as
// are keys that would make a difference and are not served here. Reads the files that
// scrape_config_files name. Errors: kInvalidArgument with the line, in Prometheus' words where it
// has some; kNotFound and kIoError for those files.
Result<PrometheusConfig> ParsePrometheusConfig(std::string_view text, const std::string& directory);

// Reads the file first; errors name it.
Result<PrometheusConfig> LoadPrometheusConfig(const std::string& path);

// The targets of a discovered list, JSON or YAML: [{"targets": [...], "labels": {...}}, ...].
// Errors: kInvalidArgument.
Result<std::vector<TargetGroup>> ParseTargetGroups(std::string_view text);

}  // namespace luma::prom
