#include "prom/api_response.h"

#include "prom/number_text.h"

namespace luma::prom {
namespace {

// {"metric":,"values":[],"histograms":[]},
constexpr uint64_t kSeriesBytes = 40;
// [1435781451.781,"0.06666666666666667"],
constexpr uint64_t kPointBytes = 40;
// [0,"1.189207115002721","1.414213562373095","12"] of a histogram, and its count and sum
constexpr uint64_t kBucketBytes = 56;
constexpr uint64_t kHistogramBytes = 96;

uint64_t HistogramTextBytes(const SeriesSamples& series) {
  uint64_t bytes = 0;
  for (const HistogramPtr& histogram : series.histograms) {
    if (histogram == nullptr) continue;
    bytes += kHistogramBytes +
             (histogram->positive.size() + histogram->negative.size() + 1) * kBucketBytes;
  }
  return bytes;
}

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

bool IsHistogram(const SeriesSamples& series, size_t i) {
  return !series.histograms.empty() && series.histograms[i] != nullptr;
}

void WriteFloats(const SeriesSamples& series, JsonWriter& json) {
  for (size_t i = 0; i < series.timestamps.size(); ++i) {
    if (!IsHistogram(series, i)) json.Point(series.timestamps[i], series.values[i]);
  }
}

void WriteHistograms(const SeriesSamples& series, JsonWriter& json) {
  for (size_t i = 0; i < series.timestamps.size(); ++i) {
    if (IsHistogram(series, i)) json.HistogramPoint(series.timestamps[i], *series.histograms[i]);
  }
}

// Of a matrix: the floats and the histograms in lists of their own, each only if there are any.
void WriteSamples(const SeriesSamples& series, JsonWriter& json) {
  size_t histograms = 0;
  for (size_t i = 0; i < series.histograms.size(); ++i)
    histograms += IsHistogram(series, i) ? 1 : 0;
  if (histograms < series.timestamps.size()) {
    json.Key("values");
    json.BeginArray();
    WriteFloats(series, json);
    json.EndArray();
  }
  if (histograms > 0) {
    json.Key("histograms");
    json.BeginArray();
    WriteHistograms(series, json);
    json.EndArray();
  }
}

void WriteSeries(const SeriesSamples& series, bool all_values, JsonWriter& json) {
  json.BeginObject();
  json.Key("metric");
  json.LabelSet(series.labels);
  if (all_values) {
    WriteSamples(series, json);
  } else {
    json.Key(IsHistogram(series, 0) ? "histogram" : "value");
    WriteFloats(series, json);
    WriteHistograms(series, json);
  }
  json.EndObject();
}

void WriteTexts(std::string_view key, const std::vector<std::string>& texts, JsonWriter& json) {
  if (texts.empty()) return;
  json.Key(key);
  json.BeginArray();
  for (const std::string& text : texts) json.String(text);
  json.EndArray();
}

void StartSuccess(JsonWriter& json) {
  json.BeginObject();
  json.Key("status");
  json.String("success");
  json.Key("data");
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

Result<JsonWriter> StartSuccess(uint64_t value_bytes, ResultMemory& memory) {
  constexpr uint64_t kEnvelopeBytes = 256;
  LUMA_RETURN_IF_ERROR(memory.Book(value_bytes + kEnvelopeBytes));
  JsonWriter json;
  json.Reserve(value_bytes + kEnvelopeBytes);
  StartSuccess(json);
  return json;
}

JsonWriter StartSuccess() {
  JsonWriter json;
  StartSuccess(json);
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
    bytes += kSeriesBytes + LabelSetTextBytes(series.labels) +
             series.timestamps.size() * kPointBytes + HistogramTextBytes(series);
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
