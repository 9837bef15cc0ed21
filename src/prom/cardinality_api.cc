#include "prom/cardinality_api.h"

#include <string>

#include "prom/api_route.h"
#include "prom/json_fields.h"

namespace luma::prom {
namespace {

using storage::CardinalityLimit;
using storage::CardinalityRanking;

constexpr int64_t kRankingDefault = 10;
constexpr int64_t kRankingMax = 10'000;

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

void RankingField(std::string_view key, const CardinalityRanking& ranking, JsonWriter& json) {
  json.Key(key);
  json.BeginArray();
  for (const auto& [name, value] : ranking) {
    json.BeginObject();
    TextField("name", name, json);
    CountField("value", value, json);
    json.EndObject();
  }
  json.EndArray();
}

uint64_t LargestOf(const CardinalityRanking& ranking) {
  return ranking.empty() ? 0 : ranking.front().second;
}

}  // namespace

void CardinalityApi::AddRoutes(net::Router& router) {
  AddApiRoute(router, "GET", "/api/v1/status/cardinality", nullptr,
              [this](const ApiRequest& request) { return Answer(request); });
}

Result<net::HttpResponse> CardinalityApi::Answer(const ApiRequest& request) const {
  LUMA_ASSIGN_OR_RETURN(const int64_t count, request.NumberOr("limit", kRankingDefault));
  if (count < 1 || count > kRankingMax) {
    return Status::InvalidArgument("limit must be between 1 and ", kRankingMax);
  }
  const storage::CardinalityLimits limits = counts_.limits();
  const CardinalityRanking metrics = counts_.LargestMetrics(static_cast<size_t>(count));
  const CardinalityRanking labels = counts_.LargestLabels(static_cast<size_t>(count));
  JsonWriter json = StartSuccess();
  json.BeginObject();
  json.Key("limits");
  json.BeginArray();
  WriteLimit(CardinalityLimit::kSeries, limits.series, series_(), counts_, json);
  WriteLimit(CardinalityLimit::kSeriesPerMetric, limits.series_per_metric, LargestOf(metrics),
             counts_, json);
  WriteLimit(CardinalityLimit::kValuesPerLabel, limits.values_per_label, LargestOf(labels), counts_,
             json);
  json.EndArray();
  RankingField("metrics", metrics, json);
  RankingField("labels", labels, json);
  json.EndObject();
  return FinishSuccess(std::move(json));
}

}  // namespace luma::prom
