// An Alertmanager as it is reached.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "prom/scrape/relabel.h"
#include "prom/scrape/scrape_config.h"

namespace luma::prom {

struct Alertmanager {
  std::string url = {};  // of its API, version 2: https://host:port/path/api/v2/alerts
  std::chrono::milliseconds timeout{10'000};
  HttpClientConfig http = {};
  std::vector<RelabelRule> alert_relabel_rules = {};
  std::string alert_relabel_text = {};  // what they were read from, to tell whether they changed

  bool operator==(const Alertmanager& other) const {
    return url == other.url && timeout == other.timeout && http == other.http &&
           alert_relabel_text == other.alert_relabel_text;
  }
};

constexpr std::string_view kAlertsPath = "/api/v2/alerts";

// The one at "http://host[:port][/path]" or https, whose API is at `alerts_path` below that.
// Errors: kInvalidArgument for any other text, without the password that it may have.
Result<Alertmanager> AlertmanagerAt(std::string_view url,
                                    std::string_view alerts_path = kAlertsPath);

}  // namespace luma::prom
