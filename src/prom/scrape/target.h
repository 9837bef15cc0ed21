// From what discovery found to what is scraped: Prometheus' targets.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/status.h"
#include "model/labels.h"
#include "prom/scrape/relabel.h"
#include "prom/scrape/scrape_config.h"

namespace luma::prom {

// Immutable once made.
struct Target {
  LabelBuilder::Map discovered = {};  // before relabeling
  Labels labels = {};                 // that its series get
  std::string key = {};               // who it is: equal for a target that only has new timing
  std::string url = {};
  std::chrono::milliseconds interval{0};
  std::chrono::milliseconds timeout{0};
};

// What a job knows of the address before relabeling: the labels of its group, and those that the
// job gives it (__scheme__, __param_..., job).
LabelBuilder::Map DiscoveredLabels(const ScrapeConfig& config, const std::string& address,
                                   const LabelBuilder::Map& group_labels);

// The target that relabeling makes of it; nothing when a rule drops it. Errors: kInvalidArgument in
// Prometheus' words.
Result<std::optional<Target>> MakeTarget(const ScrapeConfig& config,
                                         const LabelBuilder::Map& discovered);

}  // namespace luma::prom
