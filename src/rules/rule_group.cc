#include "rules/rule_group.h"

#include <optional>
#include <utility>

#include "base/log.h"
#include "model/histogram_codec.h"
#include "model/series_batch.h"

namespace luma::rules {
namespace {

using std::chrono::steady_clock;

// The first may see too little data, as Prometheus says.
constexpr int kEvaluationsBeforeRestore = 2;

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

void AddFloat(LabelsView labels, UnixMillis time, double value, SeriesBatch& batch) {
  batch.StartSeries(labels);
  batch.AddSample({.timestamp = time, .value = value});
}

// What a histogram is stored as. Whether a counter was reset is found anew among the recorded
// samples: an interval may have several of the samples that the hint lies between, or none.
StoredHistogram Recorded(const FloatHistogram& histogram) {
  StoredHistogram stored{.histogram = histogram};
  if (histogram.hint != ResetHint::kGauge) stored.histogram.hint = ResetHint::kUnknown;
  return stored;
}

void AddSample(const RuleSample& sample, UnixMillis time, SeriesBatch& batch) {
  if (sample.histogram == nullptr) return AddFloat(sample.labels, time, sample.value, batch);
  std::string bytes;
  AppendHistogram(Recorded(*sample.histogram), bytes);
  batch.StartSeries(sample.labels);
  batch.AddHistogram(time, bytes);
}

// Takes out the histograms that cannot be stored, such as differences with negative counts. Gives
// why the first of them cannot.
Status TakeOutBadHistograms(std::vector<RuleSample>& samples) {
  Status first;
  std::erase_if(samples, [&first](const RuleSample& sample) {
    if (sample.histogram == nullptr) return false;
    const Status checked = CheckHistogram(Recorded(*sample.histogram));
    if (checked.ok()) return false;
    if (first.ok()) first = checked.WithContext(sample.labels.ToString());
    return true;
  });
  return first;
}

}  // namespace

bool RuleGroupOptions::EvaluatesAs(const RuleGroupOptions& other) const {
  return interval == other.interval && query_offset == other.query_offset &&
         resend_delay == other.resend_delay && outage_tolerance == other.outage_tolerance &&
         grace == other.grace && batch_bytes_max == other.batch_bytes_max &&
         context.external_url == other.context.external_url &&
         *context.external_labels == *other.context.external_labels;
}

RuleGroup::RuleGroup(RuleGroupSpec spec, RuleGroupParts parts, RuleGroupOptions options)
    : spec_(std::move(spec)),
      parts_(std::move(parts)),
      options_(std::move(options)),
      evaluations_to_restore_(options_.restore ? kEvaluationsBeforeRestore : 0) {
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
  SeriesSet given;
  for (Rule& rule : rules_) {
    if (interrupted_) return;
    const steady_clock::time_point rule_begin = steady_clock::now();
    const Status status = EvaluateRule(rule, time, given);
    Finish(rule, time, steady_clock::now() - rule_begin, status);
  }
  if (!ended_.empty() && Store({}, ended_, given, time - QueryOffset().count()).ok()) {
    ended_.clear();
  }
  if (evaluations_to_restore_ > 1) {
    --evaluations_to_restore_;
  } else if (evaluations_to_restore_ == 1) {
    RestoreAlerts(time);
  }
  MutexLock lock(mutex_);
  evaluated_at_ = time;
  duration_ = steady_clock::now() - begin;
}

Status RuleGroup::EvaluateRule(Rule& rule, UnixMillis time, SeriesSet& given) {
  LUMA_ASSIGN_OR_RETURN(RuleVector vector, SamplesOf(rule, time));
  std::vector<RuleSample>& samples = vector.samples;
  if (rule.alerting != nullptr) {
    std::vector<Alert> alerts;
    {
      MutexLock lock(mutex_);
      alerts = rule.alerting->TakeAlertsToSend(time, options_.resend_delay, options_.interval);
    }
    if (!alerts.empty()) parts_.notify(*rule.spec, std::move(alerts));
  }
  const Status refused = TakeOutBadHistograms(samples);
  LUMA_RETURN_IF_ERROR(Store(samples, rule.series, given, time - QueryOffset().count()));
  rule.series.clear();
  for (const RuleSample& sample : samples) {
    rule.series.emplace(sample.labels.canonical(), sample.labels);
    given.emplace(sample.labels.canonical(), sample.labels);
  }
  return refused;
}

Result<RuleVector> RuleGroup::SamplesOf(Rule& rule, UnixMillis time) {
  if (rule.alerting == nullptr) return RecordedSamples(*rule.spec, time);
  LUMA_ASSIGN_OR_RETURN(
      std::vector<Alert> alerts,
      rule.alerting->Compute(parts_.queries, options_.context, time, QueryOffset()));
  MutexLock lock(mutex_);
  LUMA_ASSIGN_OR_RETURN(std::vector<RuleSample> samples,
                        rule.alerting->Apply(std::move(alerts), time, spec_.limit));
  return RuleVector{.samples = std::move(samples)};
}

Result<RuleVector> RuleGroup::RecordedSamples(const RuleSpec& spec, UnixMillis time) const {
  LUMA_ASSIGN_OR_RETURN(RuleVector vector,
                        parts_.queries.At(*spec.expr, time - QueryOffset().count()));
  SeriesSet seen;
  for (RuleSample& sample : vector.samples) {
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
  const auto count = static_cast<int64_t>(vector.samples.size());
  if (spec_.limit > 0 && count > spec_.limit) {
    return Status::InvalidArgument("exceeded limit of ", spec_.limit, " with ", count, " series");
  }
  return vector;
}

Status RuleGroup::Store(const std::vector<RuleSample>& samples, const SeriesSet& before,
                        const SeriesSet& given, UnixMillis time) {
  SeriesBatch batch;
  SeriesSet vanished = before;
  for (const RuleSample& sample : samples) {
    AddSample(sample, time, batch);
    vanished.erase(std::string(sample.labels.canonical()));
    if (batch.allocated_bytes() < options_.batch_bytes_max) continue;
    LUMA_RETURN_IF_ERROR(WriteDurably(parts_.sink, batch));
    batch = SeriesBatch();  // clearing would keep the memory, which is what is measured
  }
  for (const auto& [key, labels] : vanished) {
    if (!given.contains(key)) AddFloat(labels, time, kStaleNan, batch);
  }
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

// Alerts are there to be restored only after an evaluation that went well. What fails is tried
// again after the next one.
void RuleGroup::RestoreAlerts(UnixMillis time) {
  bool all = true;
  for (Rule& rule : rules_) {
    if (rule.alerting == nullptr || rule.alerting->restored()) continue;
    all = RestoreAlertsOf(rule, time) && all;
  }
  if (all) evaluations_to_restore_ = 0;
}

bool RuleGroup::RestoreAlertsOf(Rule& rule, UnixMillis time) {
  {
    MutexLock lock(mutex_);
    if (!rule.state.error.empty()) return false;
  }
  const Result<std::vector<SeriesSamples>> states =
      rule.alerting->StoredStates(parts_.queries, time, options_.outage_tolerance, options_.grace);
  if (!states.ok()) {
    LUMA_LOG(kError, "rules", "state of alerts not restored yet: group={} rule={} reason={}",
             spec_.name, rule.spec->name, states.status().message());
    return false;
  }
  MutexLock lock(mutex_);
  rule.alerting->Restore(*states, time, options_.grace);
  return true;
}

void RuleGroup::TakeState(RuleGroup& from) {
  std::multimap<std::string, Rule*> rules_before;
  for (Rule& rule : from.rules_) rules_before.emplace(NameAndLabels(*rule.spec), &rule);
  ended_ = std::move(from.ended_);
  evaluations_to_restore_ = from.evaluations_to_restore_;
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
  const Status status = Store({}, all, {}, time - QueryOffset().count());
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
