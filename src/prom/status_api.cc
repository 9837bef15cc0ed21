#include "prom/status_api.h"

#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "prom/api_route.h"
#include "prom/json_fields.h"
#include "prom/label_statistics.h"
#include "prom/ranking_field.h"
#include "prom/self_metrics.h"
#include "prom/time_text.h"

namespace luma::prom {
namespace {

// After which an EventSource comes again.
constexpr int64_t kAskAgainMillis = 5'000;
static_assert(kAskAgainMillis < Notifications::kEndedKeptMillis);
// What LabelStatistics takes for a series, besides the labels themselves: one entry for a pair.
constexpr uint64_t kBytesPerSeries = 256;

void NumberField(std::string_view key, int64_t number, JsonWriter& json) {
  json.Key(key);
  json.Raw(std::to_string(number));
}

void CountField(std::string_view key, uint64_t count, JsonWriter& json) {
  if (count > 0) NumberField(key, static_cast<int64_t>(count), json);
}

void WriteBlock(const BlockInfo& block, JsonWriter& json) {
  json.BeginObject();
  TextField("ulid", block.ulid, json);
  NumberField("minTime", block.min_time, json);
  NumberField("maxTime", block.max_time, json);
  json.Key("stats");
  json.BeginObject();
  CountField("numSamples", block.float_samples + block.histogram_samples, json);
  CountField("numFloatSamples", block.float_samples, json);
  CountField("numHistogramSamples", block.histogram_samples, json);
  CountField("numChunks", block.chunks, json);
  CountField("numTombstones", block.tombstones, json);
  json.EndObject();
  json.Key("compaction");
  json.BeginObject();
  NumberField("level", 1, json);
  json.Key("sources");
  json.BeginArray();
  json.String(block.ulid);
  json.EndArray();
  json.EndObject();
  NumberField("version", 1, json);
  json.EndObject();
}

void WriteNotification(const Notification& notification, JsonWriter& json) {
  json.BeginObject();
  TextField("text", notification.text, json);
  TextField("date", Rfc3339(notification.date), json);
  json.Key("active");
  json.Raw(notification.active ? "true" : "false");
  json.EndObject();
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
  add("status/tsdb/blocks", [this] { return Blocks(); });
  add("notifications", [this] { return ActiveNotifications(); });
  add("notifications/live", [this] { return LiveNotifications(); });
  AddApiRoute(router, "GET", "/api/v1/status/self_metrics", nullptr,
              [this](const ApiRequest& request) { return SelfMetrics(request); });
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
  const auto memory = std::make_shared<QueryMemory>(options_.budget, cancelled_, request.peer());
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

StatusApi::Answer StatusApi::Blocks() const {
  JsonWriter json = StartSuccess();
  json.BeginObject();
  json.Key("blocks");
  json.BeginArray();
  for (const BlockInfo& block : sources_.blocks()) WriteBlock(block, json);
  json.EndArray();
  json.EndObject();
  return FinishSuccess(std::move(json));
}

StatusApi::Answer StatusApi::SelfMetrics(const ApiRequest& request) const {
  std::optional<Matcher> names;
  if (const std::string pattern(request.Get("metric_name_pattern")); !pattern.empty()) {
    Result<Matcher> matcher = Matcher::Create("name", MatchOp::kRegex, pattern);
    if (!matcher.ok()) {
      return Status::InvalidArgument("invalid metric_name_pattern: ", matcher.status().message());
    }
    names = *std::move(matcher);
  }
  JsonWriter json = StartSuccess();
  const Status written = WriteSelfMetrics(sources_.self_metrics(), names ? &*names : nullptr, json);
  if (!written.ok()) return ErrorResponse(Status::Internal(written.message()));
  return FinishSuccess(std::move(json));
}

StatusApi::Answer StatusApi::ActiveNotifications() const {
  JsonWriter json = StartSuccess();
  json.BeginArray();
  for (const Notification& one : sources_.notifications->Active()) WriteNotification(one, json);
  json.EndArray();
  return FinishSuccess(std::move(json));
}

StatusApi::Answer StatusApi::LiveNotifications() const {
  net::HttpResponse response{.content_type = "text/event-stream",
                             .body = "retry: " + std::to_string(kAskAgainMillis) + "\n\n",
                             .headers = {{"Cache-Control", "no-cache"}}};
  for (const Notification& one : sources_.notifications->Recent(clock_.NowMillis())) {
    JsonWriter json;
    WriteNotification(one, json);
    response.body += "data: " + json.Take() + "\n\n";
  }
  return response;
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
