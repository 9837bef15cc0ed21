// A group of rules, evaluated one after another at an interval.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "model/metrics_source.h"
#include "rules/alerting_rule.h"
#include "rules/rule_file.h"
#include "rules/rule_queries.h"

namespace luma::rules {

// What the API shows of a rule.
struct RuleState {
  std::shared_ptr<const RuleSpec> spec = nullptr;
  AlertState alert_state = AlertState::kUnknown;
  std::vector<Alert> alerts = {};
  std::string error = {};       // of the last evaluation; empty when it was good
  UnixMillis evaluated_at = 0;  // 0: never
  std::chrono::nanoseconds duration{0};
};

struct RuleGroupState {
  std::string name = {};
  std::string file = {};
  std::chrono::milliseconds interval{0};
  int64_t limit = 0;
  UnixMillis evaluated_at = 0;
  std::chrono::nanoseconds duration{0};
  std::vector<RuleState> rules = {};
};

// Alerts to be told to the Alertmanagers, with the expression they come from. Called from the
// evaluating threads; must not block for long.
using NotifyFunction = std::function<void(const RuleSpec& rule, std::vector<Alert> alerts)>;

// What groups work with. All of it outlives them.
struct RuleGroupParts {
  const RuleQueries& queries;
  MetricsSink& sink;
  NotifyFunction notify;
};

struct RuleGroupOptions {
  std::chrono::milliseconds interval{60'000};
  std::chrono::milliseconds query_offset{0};
  std::chrono::milliseconds resend_delay{60'000};
  std::chrono::milliseconds outage_tolerance{3'600'000};  // how old a state may be to be restored
  std::chrono::milliseconds grace{600'000};               // no restored alert fires sooner
  bool restore = false;  // the state of alerts, after the second evaluation that went well
  AlertContext context = {};
  size_t batch_bytes_max = 64 << 20;  // many large histograms are stored in parts

  // Whether they are the same but for what is done once, after a start.
  bool EvaluatesAs(const RuleGroupOptions& other) const;
};

// Threads: State and Interrupt from any thread; the rest from one at a time.
class RuleGroup {
 public:
  RuleGroup(RuleGroupSpec spec, RuleGroupParts parts, RuleGroupOptions options);

  // Evaluates every rule as of `time` and stores what it gives, durably, before the next: a rule
  // sees the results of those before it. A series that a rule no longer gives gets a staleness
  // marker, unless another rule of the group gave it now. A rule that fails keeps its series as
  // they are; its error is shown and logged when it changes.
  void Evaluate(UnixMillis time) LUMA_EXCLUDES(mutex_);
  // An evaluation under way ends before its next rule, and later ones begin none: the group is to
  // go. What the rules that are left out gave last stays as it is. Threads: any.
  void Interrupt() { interrupted_ = true; }

  // Takes over the state of the group that was called the same before a reload: alerts and series
  // of rules with the same name and labels, and what is still to be restored. Series of rules that
  // are gone end with the next evaluation.
  void TakeState(RuleGroup& from) LUMA_EXCLUDES(mutex_);
  // Ends all series: the group is gone.
  void EndSeries(UnixMillis time);

  RuleGroupState State() const LUMA_EXCLUDES(mutex_);
  const RuleGroupSpec& spec() const { return spec_; }
  const RuleGroupOptions& options() const { return options_; }

 private:
  using SeriesSet = std::map<std::string, Labels, std::less<>>;  // by canonical bytes
  struct Rule {
    std::shared_ptr<const RuleSpec> spec;
    std::unique_ptr<AlertingRule> alerting;  // null for a recording rule
    SeriesSet series;                        // of the last evaluation
    RuleState state;                         // guarded by mutex_, as the alerts are
  };

  // Adds the series it stores to `given`.
  Status EvaluateRule(Rule& rule, UnixMillis time, SeriesSet& given) LUMA_EXCLUDES(mutex_);
  Result<RuleVector> SamplesOf(Rule& rule, UnixMillis time) LUMA_EXCLUDES(mutex_);
  Result<RuleVector> RecordedSamples(const RuleSpec& spec, UnixMillis time) const;
  // Stores the samples, and the ends of the series in `before` that are neither among them nor in
  // `given`: the last write of a time wins, so a marker would replace another rule's sample.
  Status Store(const std::vector<RuleSample>& samples, const SeriesSet& before,
               const SeriesSet& given, UnixMillis time);
  void Finish(Rule& rule, UnixMillis time, std::chrono::nanoseconds duration, const Status& status)
      LUMA_EXCLUDES(mutex_);
  void RestoreAlerts(UnixMillis time) LUMA_EXCLUDES(mutex_);
  bool RestoreAlertsOf(Rule& rule, UnixMillis time) LUMA_EXCLUDES(mutex_);
  std::chrono::milliseconds QueryOffset() const;

  const RuleGroupSpec spec_;
  const RuleGroupParts parts_;
  const RuleGroupOptions options_;
  std::vector<Rule> rules_;
  SeriesSet ended_;  // of rules that are gone
  std::atomic<bool> interrupted_{false};
  int evaluations_to_restore_ = 0;  // 0: everything is restored
  mutable Mutex mutex_;
  UnixMillis evaluated_at_ LUMA_GUARDED_BY(mutex_) = 0;
  std::chrono::nanoseconds duration_ LUMA_GUARDED_BY(mutex_){0};
};

}  // namespace luma::rules
