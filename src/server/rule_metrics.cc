#include "server/rule_metrics.h"

#include <functional>

namespace luma::server {

std::vector<MetricsRegistry::Callback> RegisterRuleMetrics(const RuleService& service,
                                                           MetricsRegistry& registry) {
  std::vector<MetricsRegistry::Callback> callbacks;
  const auto add = [&](std::string_view name, std::string_view help,
                       std::function<uint64_t()> read) {
    callbacks.push_back(
        registry.AddCallback(MetricsRegistry::Kind::kCounter, name, help,
                             [read = std::move(read)] { return static_cast<double>(read()); }));
  };
  const rules::RuleManager& manager = service.manager();
  const prom::AlertNotifierCounters& alerts = service.alert_counters();
  add("luma_rules_group_evaluations_total", "Evaluations of groups of rules.",
      [&manager] { return manager.evaluations(); });
  add("luma_rules_group_evaluations_missed_total", "Turns that groups missed for being slow.",
      [&manager] { return manager.evaluations_missed(); });
  add("luma_rules_alerts_sent_total", "Alerts that Alertmanagers took.",
      [&alerts] { return alerts.sent.load(); });
  add("luma_rules_alerts_dropped_total", "Alerts that no Alertmanager was told.",
      [&alerts] { return alerts.dropped.load(); });
  add("luma_rules_alert_requests_failed_total", "Requests to Alertmanagers that failed.",
      [&alerts] { return alerts.errors.load(); });
  return callbacks;
}

}  // namespace luma::server
