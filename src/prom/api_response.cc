#include "prom/api_response.h"

#include "prom/number_text.h"

namespace luma::prom {
namespace {

// [1435781451.781,"17.25"], with a digit or two to spare
constexpr uint64_t kPointBytes = 32;

net::HttpResponse JsonResponse(int status, std::string body) {
  return {.status = status, .content_type = "application/json", .body = std::move(body)};
}

net::HttpResponse MakeError(int status, std::string_view type, std::string_view message) {
  JsonWriter json;
  json.BeginObject();
  json.Key("status");
  json.String("error");
  json.Key("errorType");
  json.String(type);
  json.Key("error");
  json.String(message);
  json.EndObject();
  return JsonResponse(status, json.Take());
}

std::string_view ResultType(promql::ValueType type) {
  switch (type) {
    case promql::ValueType::kScalar:
      return "scalar";
    case promql::ValueType::kString:
      return "string";
    case promql::ValueType::kVector:
      return "vector";
    case promql::ValueType::kMatrix:
      return "matrix";
  }
  return "";
}

void WriteSeries(const SeriesSamples& series, bool all_values, JsonWriter& json) {
  json.BeginObject();
  json.Key("metric");
  json.LabelSet(series.labels);
  json.Key(all_values ? "values" : "value");
  if (all_values) json.BeginArray();
  for (size_t i = 0; i < series.timestamps.size(); ++i) {
    json.Point(series.timestamps[i], series.values[i]);
  }
  if (all_values) json.EndArray();
  json.EndObject();
}

void WriteTexts(std::string_view key, const std::vector<std::string>& texts, JsonWriter& json) {
  if (texts.empty()) return;
  json.Key(key);
  json.BeginArray();
  for (const std::string& text : texts) json.String(text);
  json.EndArray();
}

}  // namespace

net::HttpResponse BadData(std::string_view message) { return MakeError(400, "bad_data", message); }

net::HttpResponse Unavailable(std::string_view message) {
  return MakeError(503, "unavailable", message);
}

net::HttpResponse ErrorResponse(const Status& status) {
  switch (status.code()) {
    case StatusCode::kInvalidArgument:
    case StatusCode::kUnsupported:
    case StatusCode::kTooLarge:
    case StatusCode::kOutOfRange:
      return MakeError(422, "execution", status.message());
    case StatusCode::kTimeout:
      return MakeError(503, "timeout", status.message());
    case StatusCode::kCancelled:
      return MakeError(499, "canceled", status.message());
    case StatusCode::kOutOfMemory:
    case StatusCode::kTooManyRequests:
    case StatusCode::kUnavailable: {
      net::HttpResponse response = MakeError(503, "unavailable", status.message());
      response.headers.push_back({"Retry-After", "1"});
      return response;
    }
    default:
      return MakeError(500, "internal", status.message());
  }
}

JsonWriter StartSuccess() {
  JsonWriter json;
  json.BeginObject();
  json.Key("status");
  json.String("success");
  json.Key("data");
  return json;
}

net::HttpResponse FinishSuccess(JsonWriter json, const std::vector<std::string>& warnings,
                                const std::vector<std::string>& infos) {
  WriteTexts("warnings", warnings, json);
  WriteTexts("infos", infos, json);
  json.EndObject();
  return JsonResponse(200, json.Take());
}

uint64_t QueryValueBytes(const promql::QueryValue& value) {
  uint64_t bytes = value.string.size();
  for (const SeriesSamples& series : value.series) {
    bytes += series.labels.canonical().size() + series.timestamps.size() * kPointBytes;
  }
  return bytes;
}

void WriteQueryValue(const promql::QueryValue& value, JsonWriter& json, std::string_view stats) {
  json.BeginObject();
  json.Key("resultType");
  json.String(ResultType(value.type));
  json.Key("result");
  switch (value.type) {
    case promql::ValueType::kScalar: {
      std::string text;
      AppendPlainFloat(value.scalar, text);
      json.TextPoint(value.time, text);
      break;
    }
    case promql::ValueType::kString:
      json.TextPoint(value.time, value.string);
      break;
    case promql::ValueType::kVector:
    case promql::ValueType::kMatrix:
      json.BeginArray();
      for (const SeriesSamples& series : value.series) {
        WriteSeries(series, value.type == promql::ValueType::kMatrix, json);
      }
      json.EndArray();
      break;
  }
  if (!stats.empty()) {
    json.Key("stats");
    json.Raw(stats);
  }
  json.EndObject();
}

}  // namespace luma::prom
