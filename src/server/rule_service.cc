#include "server/rule_service.h"

#include <utility>

#include "base/log.h"
#include "prom/query_memory.h"
#include "server/rule_settings.h"

namespace luma::server {
namespace {

rules::RuleManagerOptions ManagerOptions(const Config& config,
                                         const prom::AlertNotifierOptions& notifier) {
  rules::RuleManagerOptions options;
  options.threads = static_cast<int>(config.rules.threads);
  options.groups.interval = config.rules.evaluation_interval;
  options.groups.query_offset = config.rules.query_offset;
  options.groups.resend_delay = config.rules.resend_delay;
  options.groups.outage_tolerance = config.rules.for_outage_tolerance;
  options.groups.grace = config.rules.for_grace_period;
  options.groups.context.external_labels =
      std::make_shared<const rules::LabelMap>(notifier.external_labels);
  options.groups.context.external_url = notifier.external_url;
  return options;
}

}  // namespace

RuleService::RuleService(Store& store, const Config& config)
    : queries_(store.metrics(), QueryOptions(config, store.engine().budget())),
      manager_({.queries = queries_,
                .sink = store.metrics(),
                .notify =
                    [this](const rules::RuleSpec& rule, const std::vector<rules::Alert>& alerts) {
                      const std::shared_ptr<prom::AlertNotifier> notifier = Notifier();
                      if (notifier != nullptr) notifier->Notify(rule, alerts);
                    }},
               Clock::System()) {}

rules::RuleQueryOptions RuleService::QueryOptions(const Config& config,
                                                  storage::MemoryBudget& budget) {
  rules::RuleQueryOptions options;
  if (config.query.timeout.count() > 0) options.timeout = config.query.timeout;
  options.evaluator.use_start_timestamps = config.query.use_start_timestamps;
  options.memory = [this, &budget] {
    return std::make_unique<prom::QueryMemory>(&budget, cancelled_);
  };
  return options;
}

Status RuleService::Configure(const Config& config,
                              std::span<const prom::Alertmanager> alertmanagers) {
  LUMA_ASSIGN_OR_RETURN(prom::AlertNotifierOptions options, AlertNotifierOptionsOf(config));
  options.alertmanagers.insert(options.alertmanagers.end(), alertmanagers.begin(),
                               alertmanagers.end());
  LUMA_ASSIGN_OR_RETURN(const std::vector<rules::RuleGroupSpec> groups,
                        rules::LoadRuleFiles(SplitList(config.rules.files)));
  // One that stays as it is keeps what waits to be sent.
  const std::shared_ptr<prom::AlertNotifier> before = Notifier();
  if (before == nullptr || before->options() != options) {
    SetNotifier(std::make_shared<prom::AlertNotifier>(options, alert_counters_));
  }
  manager_.Update(groups, ManagerOptions(config, options));
  LUMA_LOG(kInfo, "rules", "rules loaded: groups={} alertmanagers={}", groups.size(),
           options.alertmanagers.size());
  return Status::Ok();
}

void RuleService::Stop() {
  CancelEvaluations();
  manager_.Stop();
  SetNotifier(nullptr);
}

std::vector<std::string> RuleService::AlertmanagerUrls() const {
  const std::shared_ptr<prom::AlertNotifier> notifier = Notifier();
  return notifier == nullptr ? std::vector<std::string>() : notifier->Urls();
}

std::shared_ptr<prom::AlertNotifier> RuleService::Notifier() const {
  MutexLock lock(mutex_);
  return notifier_;
}

// The one before goes outside of the lock: it waits for its requests.
void RuleService::SetNotifier(std::shared_ptr<prom::AlertNotifier> notifier) {
  {
    MutexLock lock(mutex_);
    notifier_.swap(notifier);
  }
  notifier.reset();
}

}  // namespace luma::server
