#include "prom/status_api.h"

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "prom/api_route.h"
#include "prom/json_fields.h"
#include "prom/label_statistics.h"
#include "prom/time_text.h"

namespace luma::prom {
namespace {

constexpr int64_t kRankingDefault = 10;
constexpr int64_t kRankingMax = 10'000;
// What LabelStatistics takes for a series, besides the labels themselves: one entry for a pair.
constexpr uint64_t kBytesPerSeries = 256;

void NumberField(std::string_view key, int64_t number, JsonWriter& json) {
  json.Key(key);
  json.Raw(std::to_string(number));
}

void RankingField(std::string_view key, const Ranking& ranking, JsonWriter& json) {
  json.Key(key);
  json.BeginArray();
  for (const auto& [name, value] : ranking) {
    json.BeginObject();
    TextField("name", name, json);
    NumberField("value", static_cast<int64_t>(value), json);
    json.EndObject();
  }
  json.EndArray();
}

Result<size_t> RankingLimit(const ApiRequest& request) {
  const Result<int64_t> limit = request.NumberOr("limit", kRankingDefault);
  if (!limit.ok() || *limit < 1) {
    return Status::InvalidArgument("limit must be a positive number");
  }
  if (*limit > kRankingMax) {
    return Status::InvalidArgument("limit must not exceed ", kRankingMax);
  }
  return static_cast<size_t>(*limit);
}

net::HttpResponse RawData(std::string_view json_text) {
  JsonWriter json = StartSuccess();
  json.Raw(json_text);
  return FinishSuccess(std::move(json));
}

}  // namespace

void StatusApi::AddRoutes(net::Router& router) {
  const auto add = [&router](std::string_view name, std::function<Answer()> answer) {
    AddApiRoute(router, "GET", "/api/v1/" + std::string(name), nullptr,
                [answer = std::move(answer)](const ApiRequest&) { return answer(); });
  };
  add("status/config", [this] { return Config(); });
  add("status/flags", [this] { return Flags(); });
  add("status/runtimeinfo", [this] { return Runtime(); });
  add("features", [this] { return Features(); });
  // The log has been replayed before a port is open.
  add("status/walreplay", [] { return RawData(R"({"min":0,"max":0,"current":0})"); });
  add("notifications", [] { return RawData("[]"); });
  AddApiRoute(router, "GET", "/api/v1/status/tsdb", options_.workers,
              [this](const ApiRequest& request) { return Tsdb(request); });
}

StatusApi::Answer StatusApi::Config() const {
  JsonWriter json = StartSuccess();
  json.BeginObject();
  TextField("yaml", sources_.config_yaml(), json);
  json.EndObject();
  return FinishSuccess(std::move(json));
}

StatusApi::Answer StatusApi::Flags() const {
  JsonWriter json = StartSuccess();
  json.BeginObject();
  for (const auto& [name, value] : sources_.flags()) TextField(name, value, json);
  json.EndObject();
  return FinishSuccess(std::move(json));
}

StatusApi::Answer StatusApi::Runtime() const {
  const RuntimeInfo info = sources_.runtime();
  JsonWriter json = StartSuccess();
  json.BeginObject();
  TextField("startTime", Rfc3339(info.start_time), json);
  TextField("CWD", info.working_directory, json);
  TextField("hostname", info.hostname, json);
  TextField("serverTime", Rfc3339(clock_.NowMillis()), json);
  json.Key("reloadConfigSuccess");
  json.Raw(info.reload_config_success ? "true" : "false");
  TextField("lastConfigTime", Rfc3339(info.last_config_time), json);
  NumberField("corruptionCount", 0, json);  // damage is an error of what reads it, not a count
  NumberField("goroutineCount", info.threads, json);
  NumberField("GOMAXPROCS", info.processors, json);
  NumberField("GOMEMLIMIT", static_cast<int64_t>(info.memory_limit_bytes), json);
  TextField("GOGC", "", json);
  TextField("GODEBUG", "", json);
  TextField("storageRetention", info.storage_retention, json);
  json.EndObject();
  return FinishSuccess(std::move(json));
}

StatusApi::Answer StatusApi::Tsdb(const ApiRequest& request) const {
  LUMA_ASSIGN_OR_RETURN(const size_t limit, RankingLimit(request));
  const UnixMillis now = clock_.NowMillis();
  const TimeRange head{.min = now - options_.head.count(), .max = now};
  const auto memory = std::make_shared<QueryMemory>(options_.budget, cancelled_);
  const ReadLimits limits{.deadline = std::chrono::steady_clock::now() + options_.timeout,
                          .memory = memory.get()};
  const Result<std::vector<Labels>> series = source_.Series({}, head, limits);
  if (!series.ok()) return ErrorResponse(series.status());
  const Status booked = memory->Book(series->size() * kBytesPerSeries);
  if (!booked.ok()) return ErrorResponse(booked);
  LabelStatistics statistics;
  for (const Labels& labels : *series) statistics.Add(labels);
  JsonWriter json = StartSuccess();
  json.BeginObject();
  json.Key("headStats");
  json.BeginObject();
  NumberField("numSeries", static_cast<int64_t>(statistics.series()), json);
  NumberField("numLabelPairs", static_cast<int64_t>(statistics.label_pairs()), json);
  NumberField("chunkCount", 0, json);  // samples are not stored in chunks
  NumberField("minTime", head.min, json);
  NumberField("maxTime", head.max, json);
  json.EndObject();
  RankingField("seriesCountByMetricName", statistics.SeriesByMetric(limit), json);
  RankingField("labelValueCountByLabelName", statistics.ValuesByLabel(limit), json);
  RankingField("memoryInBytesByLabelName", statistics.ValueBytesByLabel(limit), json);
  RankingField("seriesCountByLabelValuePair", statistics.SeriesByPair(limit), json);
  json.EndObject();
  return FinishSuccess(std::move(json));
}

StatusApi::Answer StatusApi::Features() const {
  JsonWriter json = StartSuccess();
  json.BeginObject();
  for (const auto& [category, features] : sources_.features()) {
    json.Key(category);
    json.BeginObject();
    for (const auto& [name, enabled] : features) {
      json.Key(name);
      json.Raw(enabled ? "true" : "false");
    }
    json.EndObject();
  }
  json.EndObject();
  return FinishSuccess(std::move(json));
}

}  // namespace luma::prom
