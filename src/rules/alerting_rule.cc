#include "rules/alerting_rule.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/log.h"

namespace luma::rules {
namespace {

constexpr std::string_view kAlertName = "alertname";
constexpr std::string_view kAlertStateLabel = "alertstate";

using Millis = std::chrono::milliseconds;

LabelMap MapOf(LabelsView labels) {
  LabelMap map;
  for (const LabelRef& label : labels) map.emplace(label.name, label.value);
  return map;
}

Result<Labels> LabelsOf(const LabelMap& map) {
  std::vector<LabelRef> labels;
  for (const auto& [name, value] : map) labels.push_back({name, value});
  return Labels::Of(std::move(labels));
}

// What a template of this rule sees of one sample.
TemplateData DataOf(const RuleSample& sample, const AlertContext& context, UnixMillis time,
                    const RuleQueries& queries) {
  TemplateData data;
  data.labels = std::make_shared<const LabelMap>(MapOf(sample.labels));
  data.external_labels = context.external_labels;
  data.external_url = context.external_url;
  data.value = sample.value;
  data.histogram = sample.histogram;
  data.time = time;
  data.query = [&queries, time](std::string_view query) -> Result<TemplateSamples> {
    LUMA_ASSIGN_OR_RETURN(const RuleVector found, queries.At(query, time));
    if (found.samples.size() > kTemplateSamplesMax) {
      return Status::TooLarge("query gives too many samples: limit=", kTemplateSamplesMax);
    }
    TemplateSamples samples;
    for (const RuleSample& one : found.samples) {
      samples.push_back(
          {.labels = std::make_shared<const LabelMap>(MapOf(one.labels)), .value = one.value});
    }
    return samples;
  };
  return data;
}

std::string Expanded(const AlertText& text, const TemplateData& data, const std::string& alert) {
  Result<std::string> expanded = text.parsed.Expand(data);
  if (expanded.ok()) return *std::move(expanded);
  const std::string reason(expanded.status().message());
  LUMA_LOG(kWarn, "rules", "template not expanded: alert={} reason={}", alert, reason);
  return "<error expanding template: error executing template __alert_" + alert + ": " + reason +
         ">";
}

}  // namespace

std::string_view AlertStateText(AlertState state) {
  switch (state) {
    case AlertState::kUnknown:
      return "unknown";
    case AlertState::kInactive:
      return "inactive";
    case AlertState::kPending:
      return "pending";
    case AlertState::kFiring:
      return "firing";
  }
  return "";
}

Result<std::vector<Alert>> AlertingRule::Compute(const RuleQueries& queries,
                                                 const AlertContext& context, UnixMillis time,
                                                 Millis offset) const {
  LUMA_ASSIGN_OR_RETURN(const RuleVector vector, queries.At(*spec_->expr, time - offset.count()));
  std::vector<Alert> alerts;
  std::set<std::string, std::less<>> seen;
  for (const RuleSample& sample : vector.samples) {
    const TemplateData data = DataOf(sample, context, time, queries);
    LabelMap labels = *data.labels;
    labels.erase(std::string(kMetricNameLabel));
    for (const auto& [name, text] : spec_->alert_labels) {
      labels[name] = Expanded(text, data, spec_->name);
    }
    labels[std::string(kAlertName)] = spec_->name;
    Alert& alert = alerts.emplace_back();
    LUMA_ASSIGN_OR_RETURN(alert.labels, LabelsOf(labels));
    if (!seen.emplace(alert.labels.canonical()).second) {
      return Status::InvalidArgument(
          "vector contains metrics with the same labelset after applying alert labels");
    }
    for (const auto& [name, text] : spec_->annotations) {
      alert.annotations[name] = Expanded(text, data, spec_->name);
    }
    alert.value = sample.value;
    alert.active_at = time;
  }
  return alerts;
}

Result<std::vector<RuleSample>> AlertingRule::Apply(std::vector<Alert> computed, UnixMillis time,
                                                    int64_t limit) {
  ForgetFuture(time);
  std::set<std::string, std::less<>> present;
  for (Alert& alert : computed) {
    const std::string key(alert.labels.canonical());
    present.insert(key);
    const auto known = active_.find(key);
    if (known != active_.end() && known->second.state != AlertState::kInactive) {
      known->second.value = alert.value;
      known->second.annotations = std::move(alert.annotations);
    } else {
      active_[key] = std::move(alert);
    }
  }
  std::vector<RuleSample> samples;
  int64_t count = 0;
  for (auto at = active_.begin(); at != active_.end();) {
    Alert& alert = at->second;
    if (present.contains(at->first)) {
      alert.keep_firing_since = 0;
    } else if (!KeepsFiring(alert, time)) {
      const bool forgotten =
          alert.state == AlertState::kPending ||
          (alert.resolved_at != 0 && time - alert.resolved_at > Millis(kResolvedRetention).count());
      if (alert.state != AlertState::kInactive) {
        alert.state = AlertState::kInactive;
        alert.resolved_at = time;
      }
      at = forgotten ? active_.erase(at) : std::next(at);
      continue;
    }
    ++count;
    Advance(alert, time);
    if (restored_) AppendSamples(alert, samples);
    ++at;
  }
  if (limit <= 0 || count <= limit) return samples;
  active_.clear();
  return Status::InvalidArgument("exceeded limit of ", limit, " with ", count, " alerts");
}

void AlertingRule::ForgetFuture(UnixMillis time) {
  for (auto& [key, alert] : active_) {
    for (UnixMillis* const at : {&alert.active_at, &alert.fired_at, &alert.resolved_at,
                                 &alert.last_sent_at, &alert.keep_firing_since}) {
      if (*at <= time) continue;
      *at = time;
      const bool stays_held = at == &alert.active_at && alert.state == AlertState::kFiring;
      if (stays_held) *at -= spec_->hold.count();
    }
  }
}

bool AlertingRule::KeepsFiring(Alert& alert, UnixMillis time) const {
  if (alert.state != AlertState::kFiring || spec_->keep_firing.count() == 0) return false;
  if (alert.keep_firing_since == 0) alert.keep_firing_since = time;
  return time - alert.keep_firing_since < spec_->keep_firing.count();
}

void AlertingRule::Advance(Alert& alert, UnixMillis time) const {
  const bool held = time - alert.active_at >= spec_->hold.count();
  if (alert.state == AlertState::kPending && held) {
    alert.state = AlertState::kFiring;
    alert.fired_at = time;
  } else if (alert.state == AlertState::kFiring && !held) {  // "for" has become longer
    alert.state = AlertState::kPending;
    alert.fired_at = 0;
    alert.last_sent_at = 0;
    alert.keep_firing_since = 0;
  }
}

void AlertingRule::AppendSamples(const Alert& alert, std::vector<RuleSample>& samples) const {
  LabelMap labels = MapOf(alert.labels);
  labels[std::string(kMetricNameLabel)] = kForStateMetric;
  Result<Labels> for_state = LabelsOf(labels);
  labels[std::string(kMetricNameLabel)] = kAlertsMetric;
  labels[std::string(kAlertStateLabel)] = AlertStateText(alert.state);
  Result<Labels> alerts = LabelsOf(labels);
  if (!for_state.ok() || !alerts.ok()) return;  // too long by a label more: the alert lives on
  samples.push_back({.labels = *std::move(alerts), .value = 1});
  const auto seconds = static_cast<double>(alert.active_at / 1000);
  samples.push_back({.labels = *std::move(for_state), .value = seconds});
}

std::vector<Alert> AlertingRule::TakeAlertsToSend(UnixMillis time, Millis resend_delay,
                                                  Millis interval) {
  std::vector<Alert> sent;
  for (auto& [key, alert] : active_) {
    const bool due =
        alert.resolved_at > alert.last_sent_at || alert.last_sent_at + resend_delay.count() < time;
    if (alert.state == AlertState::kPending || !due) continue;
    alert.last_sent_at = time;
    // Room for two evaluations or sends that fail.
    alert.valid_until = time + 4 * std::max(interval, resend_delay).count();
    sent.push_back(alert);
  }
  return sent;
}

Result<std::vector<SeriesSamples>> AlertingRule::StoredStates(const RuleQueries& queries,
                                                              UnixMillis now, Millis tolerance,
                                                              Millis grace) const {
  // It would only fire later.
  if (spec_->hold < grace) return std::vector<SeriesSamples>();
  Matchers matchers;
  const auto add = [&matchers](std::string name, std::string value) {
    matchers.push_back(Matcher::Create(std::move(name), MatchOp::kEqual, std::move(value)).value());
  };
  add(std::string(kMetricNameLabel), std::string(kForStateMetric));
  add(std::string(kAlertName), spec_->name);
  return queries.source().Select(matchers, {.min = now - tolerance.count(), .max = now},
                                 queries.Limits(nullptr));
}

void AlertingRule::Restore(std::span<const SeriesSamples> states, UnixMillis now, Millis grace) {
  restored_ = true;
  for (const SeriesSamples& series : states) {
    LabelMap labels = MapOf(series.labels);
    labels.erase(std::string(kMetricNameLabel));
    const Result<Labels> key = LabelsOf(labels);
    if (!key.ok()) continue;
    const auto alert = active_.find(key->canonical());
    if (alert != active_.end()) RestoreAlert(alert->second, series, now, grace);
  }
}

void AlertingRule::RestoreAlert(Alert& alert, const SeriesSamples& series, UnixMillis now,
                                Millis grace) const {
  const double value = series.values.back();
  if (!(value >= 0 && value < 1e13)) return;  // not active in the end: a staleness marker is a NaN
  const UnixMillis down_at = series.timestamps.back();
  const UnixMillis active_at = static_cast<UnixMillis>(value) * 1000;
  const UnixMillis remaining = spec_->hold.count() - (down_at - active_at);
  if (remaining <= 0) {  // it was firing, and does so again at once
    alert.active_at = active_at;
  } else if (remaining < grace.count()) {
    alert.active_at = now + grace.count() - spec_->hold.count();
  } else {
    alert.active_at = active_at + (now - down_at);
  }
}

AlertState AlertingRule::state() const {
  AlertState highest = AlertState::kInactive;
  for (const auto& [key, alert] : active_) highest = std::max(highest, alert.state);
  return highest;
}

std::vector<Alert> AlertingRule::ActiveAlerts() const {
  std::vector<Alert> alerts;
  for (const auto& [key, alert] : active_) {
    if (alert.resolved_at == 0) alerts.push_back(alert);
  }
  return alerts;
}

}  // namespace luma::rules
