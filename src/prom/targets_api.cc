#include "prom/targets_api.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "net/url.h"
#include "prom/api_route.h"
#include "prom/json_fields.h"
#include "prom/time_text.h"
#include "promql/duration_text.h"
#include "promql/parser.h"

namespace luma::prom {
namespace {

std::string_view Health(const ScrapeReport& report) {
  if (report.time == 0) return "unknown";
  return report.error.empty() ? "up" : "down";
}

std::string AddressOf(const ScrapeTargetOptions& target) {
  return net::HostAndPort(target.host, target.port);
}

Labels LabelsOf(const ScrapeTargetOptions& target) {
  std::vector<LabelRef> labels = {{"job", target.job}, {"instance", target.instance}};
  for (const auto& [name, value] : target.labels) labels.push_back({name, value});
  return Labels::Of(std::move(labels)).value();  // the scraper checked them
}

Labels DiscoveredLabelsOf(const ScheduledTarget& scheduled) {
  const ScrapeTargetOptions& target = scheduled.target;
  const std::string address = AddressOf(target);
  const std::string interval = promql::DurationText(scheduled.interval.count());
  const std::string timeout = promql::DurationText(scheduled.timeout.count());
  return Labels::Of({{"__address__", address},
                     {"__metrics_path__", target.path},
                     {"__scheme__", "http"},
                     {"__scrape_interval__", interval},
                     {"__scrape_timeout__", timeout},
                     {"job", target.job}})
      .value();
}

void WriteTarget(const TargetState& state, JsonWriter& json) {
  const ScheduledTarget& scheduled = state.scheduled;
  const std::string url = "http://" + AddressOf(scheduled.target) + scheduled.target.path;
  json.BeginObject();
  json.Key("discoveredLabels");
  json.LabelSet(DiscoveredLabelsOf(scheduled));
  json.Key("labels");
  json.LabelSet(LabelsOf(scheduled.target));
  TextField("scrapePool", scheduled.target.job, json);
  TextField("scrapeUrl", url, json);
  TextField("globalUrl", url, json);
  TextField("lastError", state.last.error, json);
  TextField("lastScrape", Rfc3339(state.last.time), json);
  SecondsField("lastScrapeDuration", state.last.duration, json);
  TextField("health", Health(state.last), json);
  TextField("scrapeInterval", promql::DurationText(scheduled.interval.count()), json);
  TextField("scrapeTimeout", promql::DurationText(scheduled.timeout.count()), json);
  json.EndObject();
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

using Pools = std::map<std::string_view, std::vector<const TargetState*>>;

Pools PoolsOf(const std::vector<TargetState>& targets) {
  Pools pools;
  for (const TargetState& target : targets) pools[target.scheduled.target.job].push_back(&target);
  return pools;
}

std::string Lowered(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return lowered;
}

}  // namespace

void TargetsApi::AddRoutes(net::Router& router) {
  AddApiRoute(router, "GET", "/api/v1/targets", nullptr,
              [this](const ApiRequest& request) { return Targets(request); });
  AddApiRoute(router, "GET", "/api/v1/targets/metadata", nullptr,
              [this](const ApiRequest& request) { return TargetMetadata(request); });
  AddApiRoute(router, "GET", "/api/v1/scrape_pools", nullptr,
              [this](const ApiRequest&) { return ScrapePools(); });
  AddApiRoute(router, "GET", "/api/v1/metadata", nullptr,
              [this](const ApiRequest& request) { return Metadata(request); });
}

TargetsApi::Answer TargetsApi::Targets(const ApiRequest& request) const {
  const std::string state = Lowered(request.Get("state"));
  const bool any = state.empty() || state == "any";
  const std::string_view pool = request.Get("scrapePool");
  const std::vector<TargetState> targets = sources_.targets();
  const Pools pools = PoolsOf(targets);
  JsonWriter json = StartSuccess();
  json.BeginObject();
  json.Key("activeTargets");
  json.BeginArray();
  for (const auto& [name, in_pool] : pools) {
    const bool shown = (any || state == "active") && (pool.empty() || pool == name);
    for (const TargetState* target : in_pool) {
      if (shown) WriteTarget(*target, json);
    }
  }
  json.EndArray();
  json.Key("droppedTargets");
  json.Raw("[]");
  json.Key("droppedTargetCounts");
  if (any || state == "dropped") {
    json.BeginObject();
    for (const auto& [name, in_pool] : pools) {
      json.Key(name);
      json.Raw("0");
    }
    json.EndObject();
  } else {
    json.Raw("null");
  }
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
  JsonWriter json = StartSuccess();
  json.BeginArray();
  for (const TargetState& target : sources_.targets()) {
    const Labels labels = LabelsOf(target.scheduled.target);
    // As Prometheus has it, the limit is looked at between targets.
    if ((limit >= 0 && count >= limit) || target.last.metadata == nullptr) continue;
    if (!MatchesAll(matchers, labels)) continue;
    for (const MetricMetadata& metadata : *target.last.metadata) {
      if (!metric.empty() && metadata.family != metric) continue;
      WriteTargetMetadata(labels, metadata, metric.empty(), json);
      ++count;
    }
  }
  json.EndArray();
  return FinishSuccess(std::move(json));
}

TargetsApi::Answer TargetsApi::ScrapePools() const {
  const std::vector<TargetState> targets = sources_.targets();
  JsonWriter json = StartSuccess();
  json.BeginObject();
  json.Key("scrapePools");
  json.BeginArray();
  for (const auto& [pool, in_pool] : PoolsOf(targets)) json.String(pool);
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
  std::set<const MetadataList*> seen;  // targets share lists
  const std::vector<TargetState> targets = sources_.targets();
  for (const TargetState& target : targets) {
    if (target.last.metadata == nullptr || !seen.insert(target.last.metadata.get()).second)
      continue;
    std::ranges::for_each(*target.last.metadata, add);
  }
  std::ranges::for_each(sources_.written_metadata(), add);
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
