// Metrics of rules and notifications.
#pragma once

#include <vector>

#include "base/metrics.h"
#include "server/rule_service.h"

namespace luma::server {

// luma_rules_*. They vanish with the result, which must go before the service does.
std::vector<MetricsRegistry::Callback> RegisterRuleMetrics(const RuleService& service,
                                                           MetricsRegistry& registry);

}  // namespace luma::server
