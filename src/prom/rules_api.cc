#include "prom/rules_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/hash.h"
#include "prom/api_route.h"
#include "prom/json_fields.h"
#include "prom/number_text.h"
#include "prom/time_text.h"

namespace luma::prom {
namespace {

using rules::Alert;
using rules::RuleGroupState;
using rules::RuleSpec;
using rules::RuleState;

rules::LabelMap TextsOf(const rules::AlertTexts& texts) {
  rules::LabelMap map;
  for (const auto& [name, text] : texts) map.emplace(name, text.text);
  return map;
}

// As Go's FormatFloat(value, 'e', -1, 64): 1e+00.
std::string ScientificText(double value) {
  if (!std::isfinite(value)) {
    std::string text;
    AppendFloat(value, text);
    return text;
  }
  char buffer[32];
  const auto [end, error] =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific);
  static_cast<void>(error);  // 24 characters at most
  return std::string(buffer, end);
}

void WriteAlert(const Alert& alert, JsonWriter& json) {
  json.BeginObject();
  json.Key("labels");
  json.LabelSet(alert.labels);
  MapField("annotations", alert.annotations, json);
  TextField("state", rules::AlertStateText(alert.state), json);
  TextField("activeAt", Rfc3339(alert.active_at), json);
  if (alert.keep_firing_since != 0) {
    TextField("keepFiringSince", Rfc3339(alert.keep_firing_since), json);
  }
  TextField("value", ScientificText(alert.value), json);
  json.EndObject();
}

void WriteAlertFields(const RuleState& rule, bool with_alerts, JsonWriter& json) {
  const RuleSpec& spec = *rule.spec;
  TextField("state", rules::AlertStateText(rule.alert_state), json);
  TextField("name", spec.name, json);
  TextField("query", spec.query, json);
  SecondsField("duration", spec.hold, json);
  SecondsField("keepFiringFor", spec.keep_firing, json);
  MapField("labels", spec.labels, json);
  MapField("annotations", TextsOf(spec.annotations), json);
  json.Key("alerts");
  if (!with_alerts) return json.Raw("null");
  json.BeginArray();
  for (const Alert& alert : rule.alerts) WriteAlert(alert, json);
  json.EndArray();
}

void WriteRule(const RuleState& rule, bool with_alerts, JsonWriter& json) {
  json.BeginObject();
  if (rule.spec->is_alert) {
    WriteAlertFields(rule, with_alerts, json);
  } else {
    TextField("name", rule.spec->name, json);
    TextField("query", rule.spec->query, json);
    MapField("labels", rule.spec->labels, json);
  }
  const bool evaluated = rule.evaluated_at != 0;
  TextField("health", !evaluated ? "unknown" : rule.error.empty() ? "ok" : "err", json);
  if (!rule.error.empty()) TextField("lastError", rule.error, json);
  SecondsField("evaluationTime", rule.duration, json);
  TextField("lastEvaluation", Rfc3339(rule.evaluated_at), json);
  TextField("type", rule.spec->is_alert ? "alerting" : "recording", json);
  json.EndObject();
}

bool MatchesAny(const std::vector<Matchers>& selectors, const rules::LabelMap& labels) {
  std::vector<LabelRef> refs;
  for (const auto& [name, value] : labels) refs.push_back({name, value});
  const Result<Labels> set = Labels::Of(std::move(refs));
  return set.ok() && std::ranges::any_of(selectors, [&set](const Matchers& matchers) {
           return MatchesAll(matchers, *set);
         });
}

// Where a page of groups ends: says which group comes next.
std::string NextToken(const RuleGroupState& group) {
  return fmt::format("{:016x}", Hash64(AsBytes(group.file + ";" + group.name)));
}

std::string Lowered(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return lowered;
}

// Go's strconv.ParseBool.
std::optional<bool> ParseBool(std::string_view text) {
  if (text.empty() || text == "0" || text == "f" || text == "false") return false;
  if (text == "1" || text == "t" || text == "true") return true;
  return std::nullopt;
}

// What a request for rules asks for.
struct RuleFilter {
  bool alerting = true;
  bool recording = true;
  bool with_alerts = true;
  std::set<std::string, std::less<>> names;
  std::set<std::string, std::less<>> groups;
  std::set<std::string, std::less<>> files;
  std::vector<Matchers> selectors;
  int64_t group_limit = 0;  // 0: none
  std::string next_token;

  static Result<RuleFilter> From(const ApiRequest& request);

  bool Takes(const RuleGroupState& group) const {
    return (groups.empty() || groups.contains(group.name)) &&
           (files.empty() || files.contains(group.file));
  }
  bool Takes(const RuleState& rule) const {
    return (rule.spec->is_alert ? alerting : recording) &&
           (names.empty() || names.contains(rule.spec->name)) &&
           (selectors.empty() || MatchesAny(selectors, rule.spec->labels));
  }
};

Status ReadPage(const ApiRequest& request, RuleFilter& filter) {
  const std::string_view limit = request.Get("group_limit");
  filter.next_token = request.Get("group_next_token");
  if (limit.empty() && filter.next_token.empty()) return Status::Ok();
  if (limit.empty()) {
    return InvalidParameter("group_next_token",
                            Status::InvalidArgument("group_limit needs to be present in order to "
                                                    "paginate over the groups"));
  }
  const char* const end = limit.data() + limit.size();
  const auto [stop, error] = std::from_chars(limit.data(), end, filter.group_limit);
  if (error != std::errc() || stop != end) {
    return InvalidParameter(
        "group_limit",
        Status::InvalidArgument("group_limit needs to be a valid number: \"", limit, "\""));
  }
  if (filter.group_limit > 0) return Status::Ok();
  return InvalidParameter("group_limit",
                          Status::InvalidArgument("group_limit needs to be greater than 0"));
}

Result<RuleFilter> RuleFilter::From(const ApiRequest& request) {
  RuleFilter filter;
  const std::string type = Lowered(request.Get("type"));
  if (!type.empty() && type != "alert" && type != "record") {
    return InvalidParameter("type", Status::InvalidArgument("not supported value \"", type, "\""));
  }
  filter.alerting = type != "record";
  filter.recording = type != "alert";
  const std::optional<bool> excluded = ParseBool(Lowered(request.Get("exclude_alerts")));
  if (!excluded) {
    return InvalidParameter("exclude_alerts",
                            Status::InvalidArgument("error converting exclude_alerts: \"",
                                                    request.Get("exclude_alerts"), "\""));
  }
  filter.with_alerts = !*excluded;
  for (const std::string_view name : request.GetAll("rule_name[]")) filter.names.emplace(name);
  for (const std::string_view name : request.GetAll("rule_group[]")) filter.groups.emplace(name);
  for (const std::string_view name : request.GetAll("file[]")) filter.files.emplace(name);
  LUMA_ASSIGN_OR_RETURN(filter.selectors, request.Selectors());
  LUMA_RETURN_IF_ERROR(ReadPage(request, filter));
  return filter;
}

void WriteGroup(const RuleGroupState& group, const std::vector<const RuleState*>& rules,
                bool with_alerts, JsonWriter& json) {
  json.BeginObject();
  TextField("name", group.name, json);
  TextField("file", group.file, json);
  json.Key("rules");
  json.BeginArray();
  for (const RuleState* rule : rules) WriteRule(*rule, with_alerts, json);
  json.EndArray();
  SecondsField("interval", group.interval, json);
  json.Key("limit");
  json.Raw(std::to_string(group.limit));
  SecondsField("evaluationTime", group.duration, json);
  TextField("lastEvaluation", Rfc3339(group.evaluated_at), json);
  json.EndObject();
}

}  // namespace

void RulesApi::AddRoutes(net::Router& router) {
  AddApiRoute(router, "GET", "/api/v1/rules", nullptr,
              [this](const ApiRequest& request) { return Rules(request); });
  AddApiRoute(router, "GET", "/api/v1/alerts", nullptr,
              [this](const ApiRequest&) { return Alerts(); });
  AddApiRoute(router, "GET", "/api/v1/alertmanagers", nullptr,
              [this](const ApiRequest&) { return Alertmanagers(); });
}

RulesApi::Answer RulesApi::Rules(const ApiRequest& request) const {
  LUMA_ASSIGN_OR_RETURN(const RuleFilter filter, RuleFilter::From(request));
  bool found_token = filter.next_token.empty();
  std::string next_token;
  int64_t count = 0;
  JsonWriter json = StartSuccess();
  json.BeginObject();
  json.Key("groups");
  json.BeginArray();
  for (const RuleGroupState& group : sources_.groups()) {
    found_token = found_token || NextToken(group) == filter.next_token;
    if (!found_token || !filter.Takes(group)) continue;
    std::vector<const RuleState*> taken;
    for (const RuleState& rule : group.rules) {
      if (filter.Takes(rule)) taken.push_back(&rule);
    }
    if (taken.empty()) continue;
    if (filter.group_limit > 0 && count == filter.group_limit) {
      next_token = NextToken(group);
      break;
    }
    WriteGroup(group, taken, filter.with_alerts, json);
    ++count;
  }
  if (!found_token) {
    return InvalidParameter("group_next_token",
                            Status::InvalidArgument("invalid group_next_token '", filter.next_token,
                                                    "'. were rule groups changed?"));
  }
  json.EndArray();
  if (!next_token.empty()) TextField("groupNextToken", next_token, json);
  json.EndObject();
  return FinishSuccess(std::move(json));
}

RulesApi::Answer RulesApi::Alerts() const {
  JsonWriter json = StartSuccess();
  json.BeginObject();
  json.Key("alerts");
  json.BeginArray();
  for (const RuleGroupState& group : sources_.groups()) {
    for (const RuleState& rule : group.rules) {
      for (const Alert& alert : rule.alerts) WriteAlert(alert, json);
    }
  }
  json.EndArray();
  json.EndObject();
  return FinishSuccess(std::move(json));
}

RulesApi::Answer RulesApi::Alertmanagers() const {
  JsonWriter json = StartSuccess();
  json.BeginObject();
  json.Key("activeAlertmanagers");
  json.BeginArray();
  for (const std::string& url : sources_.alertmanagers()) {
    json.BeginObject();
    TextField("url", url, json);
    json.EndObject();
  }
  json.EndArray();
  json.Key("droppedAlertmanagers");
  json.Raw("[]");
  json.EndObject();
  return FinishSuccess(std::move(json));
}

}  // namespace luma::prom
