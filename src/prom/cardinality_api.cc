#include "prom/cardinality_api.h"

#include <string>

#include "prom/api_route.h"
#include "prom/json_fields.h"
#include "prom/ranking_field.h"

namespace luma::prom {
namespace {

using storage::CardinalityLimit;

void CountField(std::string_view key, uint64_t count, JsonWriter& json) {
  json.Key(key);
  json.Raw(std::to_string(count));
}

void WriteLimit(CardinalityLimit limit, uint64_t value, uint64_t current,
                const storage::CardinalityCounts& counts, JsonWriter& json) {
  const storage::RefusedByLimit refused = counts.refused(limit);
  json.BeginObject();
  TextField("name", storage::kCardinalityLimitNames[static_cast<size_t>(limit)], json);
  CountField("limit", value, json);
  CountField("current", current, json);
  CountField("seriesRefused", refused.series, json);
  CountField("samplesRefused", refused.samples, json);
  json.EndObject();
}

uint64_t FirstOf(const Ranking& ranking) { return ranking.empty() ? 0 : ranking.front().second; }

}  // namespace

void CardinalityApi::AddRoutes(net::Router& router) {
  AddApiRoute(router, "GET", "/api/v1/status/cardinality", nullptr,
              [this](const ApiRequest& request) { return Answer(request); });
}

Result<net::HttpResponse> CardinalityApi::Answer(const ApiRequest& request) const {
  LUMA_ASSIGN_OR_RETURN(const size_t count, RankingLimit(request));
  const storage::CardinalityLimits limits = counts_.limits();
  const Ranking metrics = counts_.LargestMetrics(count);
  const Ranking labels = counts_.LargestLabels(count);
  JsonWriter json = StartSuccess();
  json.BeginObject();
  json.Key("limits");
  json.BeginArray();
  WriteLimit(CardinalityLimit::kSeries, limits.series, series_(), counts_, json);
  WriteLimit(CardinalityLimit::kSeriesPerMetric, limits.series_per_metric, FirstOf(metrics),
             counts_, json);
  WriteLimit(CardinalityLimit::kValuesPerLabel, limits.values_per_label, FirstOf(labels), counts_,
             json);
  json.EndArray();
  RankingField("metrics", metrics, json);
  RankingField("labels", labels, json);
  json.EndObject();
  return FinishSuccess(std::move(json));
}

}  // namespace luma::prom
