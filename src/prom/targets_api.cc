#include "prom/targets_api.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/ascii.h"
#include "prom/api_route.h"
#include "prom/json_fields.h"
#include "prom/time_text.h"
#include "promql/duration_text.h"
#include "promql/parser.h"
#include "rules/yaml.h"

namespace luma::prom {
namespace {

std::string_view Health(const ScrapeReport& report) {
  if (report.time == 0) return "unknown";
  return report.error.empty() ? "up" : "down";
}

void WriteTarget(const std::string& pool, const TargetState& state, JsonWriter& json) {
  const Target& target = *state.target;
  json.BeginObject();
  MapField("discoveredLabels", target.discovered, json);
  json.Key("labels");
  json.LabelSet(target.labels);
  TextField("scrapePool", pool, json);
  TextField("scrapeUrl", target.url, json);
  TextField("globalUrl", target.url, json);
  TextField("lastError", state.last.error, json);
  TextField("lastScrape", Rfc3339(state.last.time), json);
  SecondsField("lastScrapeDuration", state.last.duration, json);
  TextField("health", Health(state.last), json);
  TextField("scrapeInterval", promql::DurationText(target.interval.count()), json);
  TextField("scrapeTimeout", promql::DurationText(target.timeout.count()), json);
  json.EndObject();
}

void WriteDroppedTarget(const std::string& pool, const LabelBuilder::Map& discovered,
                        JsonWriter& json) {
  json.BeginObject();
  MapField("discoveredLabels", discovered, json);
  TextField("scrapePool", pool, json);
  json.EndObject();
}

// Fields that are empty are left out, as in Go.
void WriteRule(const RelabelRule& rule, JsonWriter& json) {
  json.BeginObject();
  if (!rule.source_labels.empty()) {
    json.Key("sourceLabels");
    json.BeginArray();
    for (const std::string& label : rule.source_labels) json.String(label);
    json.EndArray();
  }
  if (!rule.separator.empty()) TextField("separator", rule.separator, json);
  TextField("regex", rule.regex_text, json);
  if (rule.modulus > 0) {
    json.Key("modulus");
    json.Raw(std::to_string(rule.modulus));
  }
  if (!rule.target_label.empty()) TextField("targetLabel", rule.target_label, json);
  if (!rule.replacement.empty()) TextField("replacement", rule.replacement, json);
  TextField("action", RelabelActionName(rule.action), json);
  json.EndObject();
}

// Labels as a JSON object of texts.
Result<LabelBuilder> ReadLabelsParameter(std::string_view text) {
  const Result<rules::YamlNode> document = rules::ParseYaml(text);  // of which JSON is a part
  if (!document.ok() || document->kind != rules::YamlNode::Kind::kMapping) {
    return Status::InvalidArgument("error parsing labels: expected an object of texts");
  }
  LabelBuilder labels;
  for (const auto& [name, value] : document->entries) labels.Set(name.text, value.text);
  return labels;
}

void WriteMetadataFields(const MetricMetadata& metadata, JsonWriter& json) {
  TextField("type", metadata.type, json);
  TextField("help", metadata.help, json);
  TextField("unit", metadata.unit, json);
}

void WriteTargetMetadata(const Labels& target, const MetricMetadata& metadata, bool with_family,
                         JsonWriter& json) {
  json.BeginObject();
  json.Key("target");
  json.LabelSet(target);
  if (with_family) TextField("metric", metadata.family, json);
  WriteMetadataFields(metadata, json);
  json.EndObject();
}

std::vector<const TargetState*> TargetsOf(const std::vector<ScrapePoolState>& pools) {
  std::vector<const TargetState*> targets;
  for (const ScrapePoolState& pool : pools) {
    for (const TargetState& target : pool.active) targets.push_back(&target);
  }
  return targets;
}

// Null when there is no pool of that name.
ScrapeConfigPtr ConfigOf(const std::vector<ScrapePoolState>& pools, std::string_view name) {
  const auto pool = std::ranges::find_if(
      pools, [name](const ScrapePoolState& one) { return one.config->job_name == name; });
  return pool == pools.end() ? nullptr : pool->config;
}

// As its file has it, without secrets, and with the times that it goes by.
std::string YamlOf(const ScrapeConfig& config) {
  std::string yaml = config.text.substr(0, config.text.rfind('#'));
  const auto add = [&yaml](const std::string& key, const std::string& value) {
    const std::string begin = "\n" + key + ":";  // of a line that is not indented
    if (yaml.starts_with(key + ":") || yaml.find(begin) != std::string::npos) return;
    yaml.append(key).append(": ").append(value).append("\n");
  };
  add("job_name", config.job_name);
  add("scrape_interval", promql::DurationText(config.interval.count()));
  add("scrape_timeout", promql::DurationText(config.timeout.count()));
  add("metrics_path", config.metrics_path);
  add("scheme", config.scheme);
  return yaml;
}

}  // namespace

void VisitMetadata(const TargetsApiSources& sources, const MetadataVisitor& visit) {
  std::set<const MetadataList*> seen;
  const std::vector<ScrapePoolState> pools = sources.pools();
  for (const TargetState* const target : TargetsOf(pools)) {
    const MetadataList* const list = target->last.metadata.get();
    if (list != nullptr && seen.insert(list).second) std::ranges::for_each(*list, visit);
  }
  sources.written_metadata(visit);
}

void TargetsApi::AddRoutes(net::Router& router) {
  AddApiRoute(router, "GET", "/api/v1/targets", nullptr,
              [this](const ApiRequest& request) { return Targets(request); });
  AddApiRoute(router, "GET", "/api/v1/targets/metadata", nullptr,
              [this](const ApiRequest& request) { return TargetMetadata(request); });
  AddApiRoute(router, "GET", "/api/v1/targets/relabel_steps", nullptr,
              [this](const ApiRequest& request) { return RelabelSteps(request); });
  AddApiRoute(router, "GET", "/api/v1/scrape_pools", nullptr,
              [this](const ApiRequest&) { return ScrapePools(); });
  AddApiRoute(router, "GET", "/api/v1/scrape_pools/config", nullptr,
              [this](const ApiRequest& request) { return PoolConfig(request); });
  AddApiRoute(router, "GET", "/api/v1/metadata", nullptr,
              [this](const ApiRequest& request) { return Metadata(request); });
}

TargetsApi::Answer TargetsApi::Targets(const ApiRequest& request) const {
  const std::string state = LowerAscii(request.Get("state"));
  const bool any = state.empty() || state == "any";
  const bool with_dropped = any || state == "dropped";
  const std::string_view wanted = request.Get("scrapePool");
  const std::vector<ScrapePoolState> pools = sources_.pools();
  const auto is_shown = [wanted](const ScrapePoolState& pool) {
    return wanted.empty() || wanted == pool.config->job_name;
  };
  JsonWriter json = StartSuccess();
  json.BeginObject();
  json.Key("activeTargets");
  json.BeginArray();
  for (const ScrapePoolState& pool : pools) {
    if (!(any || state == "active") || !is_shown(pool)) continue;
    for (const TargetState& target : pool.active) WriteTarget(pool.config->job_name, target, json);
  }
  json.EndArray();
  json.Key("droppedTargets");
  json.BeginArray();
  for (const ScrapePoolState& pool : pools) {
    if (!with_dropped || !is_shown(pool)) continue;
    for (const auto& labels : pool.dropped) WriteDroppedTarget(pool.config->job_name, labels, json);
  }
  json.EndArray();
  json.Key("droppedTargetCounts");
  if (with_dropped) {
    json.BeginObject();
    for (const ScrapePoolState& pool : pools) {
      json.Key(pool.config->job_name);
      json.Raw(std::to_string(pool.dropped_count));
    }
    json.EndObject();
  } else {
    json.Raw("null");
  }
  json.EndObject();
  return FinishSuccess(std::move(json));
}

// What the labels become rule by rule.
TargetsApi::Answer TargetsApi::RelabelSteps(const ApiRequest& request) const {
  const std::string_view name = request.Get("scrapePool");
  if (name.empty()) return Status::InvalidArgument("no scrapePool parameter provided");
  const std::string_view text = request.Get("labels");
  if (text.empty()) return Status::InvalidArgument("no labels parameter provided");
  LUMA_ASSIGN_OR_RETURN(LabelBuilder labels, ReadLabelsParameter(text));
  const ScrapeConfigPtr config = ConfigOf(sources_.pools(), name);
  if (config == nullptr) {
    return Status::InvalidArgument("error getting scrape config: scrape pool \"", name,
                                   "\" not found");
  }
  JsonWriter json = StartSuccess();
  json.BeginObject();
  json.Key("steps");
  json.BeginArray();
  bool keep = true;
  for (const RelabelRule& rule : config->relabel_rules) {
    keep = keep && Relabel({&rule, 1}, labels);
    json.BeginObject();
    json.Key("rule");
    WriteRule(rule, json);
    MapField("output", keep ? labels.labels() : LabelBuilder::Map(), json);
    json.Key("keep");
    json.Raw(keep ? "true" : "false");
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return FinishSuccess(std::move(json));
}

TargetsApi::Answer TargetsApi::TargetMetadata(const ApiRequest& request) const {
  LUMA_ASSIGN_OR_RETURN(const int64_t limit, request.NumberOr("limit", -1));
  const std::string_view metric = request.Get("metric");
  Matchers matchers;
  if (const std::string_view match = request.Get("match_target"); !match.empty()) {
    Result<Matchers> parsed = promql::ParseSelector(match);
    if (!parsed.ok()) return InvalidParameter("match_target", parsed.status());
    matchers = *std::move(parsed);
  }
  int64_t count = 0;
  const std::vector<ScrapePoolState> pools = sources_.pools();
  JsonWriter json = StartSuccess();
  json.BeginArray();
  for (const TargetState* const target : TargetsOf(pools)) {
    const Labels& labels = target->target->labels;
    // As Prometheus has it, the limit is looked at between targets.
    if ((limit >= 0 && count >= limit) || target->last.metadata == nullptr) continue;
    if (!MatchesAll(matchers, labels)) continue;
    for (const MetricMetadata& metadata : *target->last.metadata) {
      if (!metric.empty() && metadata.family != metric) continue;
      WriteTargetMetadata(labels, metadata, metric.empty(), json);
      ++count;
    }
  }
  json.EndArray();
  return FinishSuccess(std::move(json));
}

TargetsApi::Answer TargetsApi::PoolConfig(const ApiRequest& request) const {
  const std::string_view name = request.Get("scrapePool");
  if (name.empty()) return Status::InvalidArgument("no scrapePool parameter provided");
  const ScrapeConfigPtr config = ConfigOf(sources_.pools(), name);
  if (config == nullptr) {
    return Status::InvalidArgument("error retrieving scrape config: scrape pool \"", name,
                                   "\" not found");
  }
  JsonWriter json = StartSuccess();
  json.BeginObject();
  TextField("yaml", YamlOf(*config), json);
  json.EndObject();
  return FinishSuccess(std::move(json));
}

TargetsApi::Answer TargetsApi::ScrapePools() const {
  JsonWriter json = StartSuccess();
  json.BeginObject();
  json.Key("scrapePools");
  json.BeginArray();
  for (const ScrapePoolState& pool : sources_.pools()) json.String(pool.config->job_name);
  json.EndArray();
  json.EndObject();
  return FinishSuccess(std::move(json));
}

TargetsApi::Answer TargetsApi::Metadata(const ApiRequest& request) const {
  LUMA_ASSIGN_OR_RETURN(const int64_t limit, request.NumberOr("limit", -1));
  LUMA_ASSIGN_OR_RETURN(const int64_t per_metric, request.NumberOr("limit_per_metric", -1));
  const std::string_view metric = request.Get("metric");
  std::map<std::string, std::set<MetricMetadata>> families;
  const auto add = [&](const MetricMetadata& metadata) {
    if (!metric.empty() && metadata.family != metric) return;
    std::set<MetricMetadata>& family = families[metadata.family];
    if (per_metric <= 0 || static_cast<int64_t>(family.size()) < per_metric) {
      family.insert(metadata);
    }
  };
  VisitMetadata(sources_, add);
  JsonWriter json = StartSuccess();
  json.BeginObject();
  int64_t count = 0;
  for (const auto& [family, entries] : families) {
    if (limit >= 0 && count++ >= limit) break;
    json.Key(family);
    json.BeginArray();
    for (const MetricMetadata& metadata : entries) {
      json.BeginObject();
      WriteMetadataFields(metadata, json);
      json.EndObject();
    }
    json.EndArray();
  }
  json.EndObject();
  return FinishSuccess(std::move(json));
}

}  // namespace luma::prom
