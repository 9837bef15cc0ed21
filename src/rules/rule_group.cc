#include "rules/rule_group.h"

#include <optional>
#include <utility>

#include "base/log.h"
#include "model/series_batch.h"

namespace luma::rules {
namespace {

using std::chrono::steady_clock;

constexpr int kEvaluationsBeforeRestore =
    2;  // the first may see too little data, as Prometheus says

// Blocks until the batch is durable.
Status WriteDurably(MetricsSink& sink, const SeriesBatch& batch) {
  Mutex mutex;
  CondVar written;
  std::optional<Result<WriteSummary>> outcome;
  sink.Write(batch, [&](Result<WriteSummary> summary) {
    MutexLock lock(mutex);
    outcome.emplace(std::move(summary));
    written.NotifyOne();
  });
  MutexLock lock(mutex);
  while (!outcome) written.Wait(mutex);
  if (!outcome->ok()) return outcome->status();
  const WriteSummary& summary = **outcome;
  if (summary.samples_refused == 0) return Status::Ok();
  return Status::InvalidArgument("samples refused: count=", summary.samples_refused,
                                 " reason=", summary.first_refusal);
}

std::string NameAndLabels(const RuleSpec& spec) {
  std::string key = spec.name + '\0';
  for (const auto& [name, value] : spec.labels)
    key.append(name).append("\0=", 2).append(value + '\0');
  return key;
}

void AddSample(LabelsView labels, UnixMillis time, double value, SeriesBatch& batch) {
  batch.StartSeries(labels);
  batch.AddSample({.timestamp = time, .value = value});
}

}  // namespace

RuleGroup::RuleGroup(RuleGroupSpec spec, RuleGroupParts parts, RuleGroupOptions options)
    : spec_(std::move(spec)), parts_(std::move(parts)), options_(std::move(options)) {
  for (const std::shared_ptr<const RuleSpec>& rule : spec_.rules) {
    Rule& made = rules_.emplace_back();
    made.spec = rule;
    made.state.spec = rule;
    if (rule->is_alert) made.alerting = std::make_unique<AlertingRule>(rule, !options_.restore);
  }
}

std::chrono::milliseconds RuleGroup::QueryOffset() const {
  return spec_.query_offset.value_or(options_.query_offset);
}

void RuleGroup::Evaluate(UnixMillis time) {
  const steady_clock::time_point begin = steady_clock::now();
  for (Rule& rule : rules_) {
    const steady_clock::time_point rule_begin = steady_clock::now();
    const Status status = EvaluateRule(rule, time);
    Finish(rule, time, steady_clock::now() - rule_begin, status);
  }
  if (!ended_.empty() && Store({}, ended_, time - QueryOffset().count()).ok()) ended_.clear();
  if (options_.restore && evaluations_ < kEvaluationsBeforeRestore) {
    if (++evaluations_ == kEvaluationsBeforeRestore) RestoreAlerts(time);
  }
  MutexLock lock(mutex_);
  evaluated_at_ = time;
  duration_ = steady_clock::now() - begin;
}

Status RuleGroup::EvaluateRule(Rule& rule, UnixMillis time) {
  LUMA_ASSIGN_OR_RETURN(const std::vector<RuleSample> samples, SamplesOf(rule, time));
  if (rule.alerting != nullptr) {
    std::vector<Alert> alerts;
    {
      MutexLock lock(mutex_);
      alerts = rule.alerting->TakeAlertsToSend(time, options_.resend_delay, options_.interval);
    }
    if (!alerts.empty()) parts_.notify(*rule.spec, std::move(alerts));
  }
  LUMA_RETURN_IF_ERROR(Store(samples, rule.series, time - QueryOffset().count()));
  rule.series.clear();
  for (const RuleSample& sample : samples) {
    rule.series.emplace(sample.labels.canonical(), sample.labels);
  }
  return Status::Ok();
}

Result<std::vector<RuleSample>> RuleGroup::SamplesOf(Rule& rule, UnixMillis time) {
  if (rule.alerting == nullptr) return RecordedSamples(*rule.spec, time);
  LUMA_ASSIGN_OR_RETURN(
      std::vector<Alert> alerts,
      rule.alerting->Compute(parts_.queries, options_.context, time, QueryOffset()));
  MutexLock lock(mutex_);
  return rule.alerting->Apply(std::move(alerts), time, spec_.limit);
}

Result<std::vector<RuleSample>> RuleGroup::RecordedSamples(const RuleSpec& spec,
                                                           UnixMillis time) const {
  LUMA_ASSIGN_OR_RETURN(std::vector<RuleSample> samples,
                        parts_.queries.At(*spec.expr, time - QueryOffset().count()));
  SeriesSet seen;
  for (RuleSample& sample : samples) {
    LabelMap labels;
    for (const LabelRef& label : sample.labels) labels.emplace(label.name, label.value);
    for (const auto& [name, value] : spec.labels) labels[name] = value;
    labels[std::string(kMetricNameLabel)] = spec.name;
    std::vector<LabelRef> refs;
    for (const auto& [name, value] : labels) refs.push_back({name, value});
    LUMA_ASSIGN_OR_RETURN(sample.labels, Labels::Of(std::move(refs)));
    if (!seen.emplace(sample.labels.canonical(), sample.labels).second) {
      return Status::InvalidArgument(
          "vector contains metrics with the same labelset after applying rule labels");
    }
  }
  const auto count = static_cast<int64_t>(samples.size());
  if (spec_.limit > 0 && count > spec_.limit) {
    return Status::InvalidArgument("exceeded limit of ", spec_.limit, " with ", count, " series");
  }
  return samples;
}

Status RuleGroup::Store(const std::vector<RuleSample>& samples, const SeriesSet& before,
                        UnixMillis time) {
  SeriesBatch batch;
  SeriesSet vanished = before;
  for (const RuleSample& sample : samples) {
    AddSample(sample.labels, time, sample.value, batch);
    vanished.erase(std::string(sample.labels.canonical()));
  }
  for (const auto& [key, labels] : vanished) AddSample(labels, time, kStaleNan, batch);
  return batch.size() == 0 ? Status::Ok() : WriteDurably(parts_.sink, batch);
}

void RuleGroup::Finish(Rule& rule, UnixMillis time, std::chrono::nanoseconds duration,
                       const Status& status) {
  MutexLock lock(mutex_);
  RuleState& state = rule.state;
  const std::string error(status.ok() ? "" : status.message());
  if (error != state.error && !error.empty()) {
    LUMA_LOG(kWarn, "rules", "rule failed: group={} rule={} reason={}", spec_.name, rule.spec->name,
             error);
  }
  state.error = error;
  state.evaluated_at = time;
  state.duration = duration;
}

void RuleGroup::RestoreAlerts(UnixMillis time) {
  for (Rule& rule : rules_) {
    if (rule.alerting == nullptr) continue;
    MutexLock lock(mutex_);
    const Status status =
        rule.alerting->Restore(parts_.queries, time, options_.outage_tolerance, options_.grace);
    if (!status.ok()) {
      LUMA_LOG(kError, "rules", "state of alerts not restored: group={} rule={} reason={}",
               spec_.name, rule.spec->name, status.message());
    }
  }
}

void RuleGroup::TakeState(RuleGroup& from) {
  std::multimap<std::string, Rule*> rules_before;
  for (Rule& rule : from.rules_) rules_before.emplace(NameAndLabels(*rule.spec), &rule);
  ended_ = std::move(from.ended_);
  MutexLock lock(mutex_);
  for (Rule& rule : rules_) {
    const auto before = rules_before.find(NameAndLabels(*rule.spec));
    if (before == rules_before.end()) continue;
    rule.series = std::move(before->second->series);
    if (rule.alerting != nullptr && before->second->alerting != nullptr) {
      rule.alerting->TakeAlerts(*before->second->alerting);
    }
    rules_before.erase(before);
  }
  for (const auto& [key, rule] : rules_before) {
    for (auto& [bytes, labels] : rule->series) ended_.emplace(bytes, std::move(labels));
  }
}

void RuleGroup::EndSeries(UnixMillis time) {
  SeriesSet all = std::move(ended_);
  for (Rule& rule : rules_) all.merge(rule.series);
  const Status status = Store({}, all, time - QueryOffset().count());
  if (!status.ok()) {
    LUMA_LOG(kWarn, "rules", "series not ended: group={} reason={}", spec_.name, status.message());
  }
}

RuleGroupState RuleGroup::State() const {
  RuleGroupState state{
      .name = spec_.name, .file = spec_.file, .interval = options_.interval, .limit = spec_.limit};
  MutexLock lock(mutex_);
  state.evaluated_at = evaluated_at_;
  state.duration = duration_;
  for (const Rule& rule : rules_) {
    RuleState& one = state.rules.emplace_back(rule.state);
    if (rule.alerting == nullptr) continue;
    if (one.evaluated_at != 0) one.alert_state = rule.alerting->state();
    one.alerts = rule.alerting->ActiveAlerts();
  }
  return state;
}

}  // namespace luma::rules
