// Rules and alerts: the rule manager over the store, and who is told.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "prom/alert_notifier.h"
#include "rules/rule_manager.h"
#include "server/config.h"
#include "server/store.h"

namespace luma::server {

// Threads: Configure and Stop from one thread at a time, the rest from any. Lifetime: the store
// outlives it.
class RuleService {
 public:
  RuleService(Store& store, const Config& config);
  ~RuleService() { Stop(); }

  // Reads the rule files and evaluates them from now on; tells those Alertmanagers, too. Groups that
  // are as they were go on undisturbed; see rules::RuleManager::Update. Errors: those of the files
  // and addresses; everything goes on as before then.
  Status Configure(const Config& config, std::span<const prom::Alertmanager> alertmanagers)
      LUMA_EXCLUDES(mutex_);
  // Evaluations under way are given up, and those to come. Threads: any.
  void CancelEvaluations() { cancelled_ = true; }
  // The same, and returns when none is under way.
  void Stop() LUMA_EXCLUDES(mutex_);

  std::vector<rules::RuleGroupState> Groups() const { return manager_.Groups(); }
  std::vector<std::string> AlertmanagerUrls() const LUMA_EXCLUDES(mutex_);
  const rules::RuleManager& manager() const { return manager_; }
  const prom::AlertNotifierCounters& alert_counters() const { return alert_counters_; }

 private:
  rules::RuleQueryOptions QueryOptions(const Config& config, storage::MemoryBudget& budget);
  std::shared_ptr<prom::AlertNotifier> Notifier() const LUMA_EXCLUDES(mutex_);
  void SetNotifier(std::shared_ptr<prom::AlertNotifier> notifier) LUMA_EXCLUDES(mutex_);

  std::atomic<bool> cancelled_{false};
  prom::AlertNotifierCounters alert_counters_;
  mutable Mutex mutex_;
  std::shared_ptr<prom::AlertNotifier> notifier_ LUMA_GUARDED_BY(mutex_);
  const rules::RuleQueries queries_;
  rules::RuleManager manager_;
};

}  // namespace luma::server
