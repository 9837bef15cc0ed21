#include "prom/push/influx_write.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "net/url.h"
#include "prom/http_errors.h"
#include "prom/json_fields.h"

namespace luma::prom {
namespace {

// Of the last InfluxDB that had all of these routes; some senders ask for it.
constexpr std::string_view kVersion = "1.8.10";

net::HttpResponse JsonResponse(int status, JsonWriter json) {
  return {.status = status,
          .content_type = "application/json",
          .body = json.Take() + "\n",
          .headers = {{"X-Influxdb-Version", std::string(kVersion)}}};
}

net::HttpResponse EmptyResponse() {
  return {.status = 204, .headers = {{"X-Influxdb-Version", std::string(kVersion)}}};
}

std::string_view ErrorCode(int status) {
  switch (status) {
    case 400:
      return "invalid";
    case 413:
      return "request too large";
    case 415:
      return "unsupported media type";
    case 429:
      return "too many requests";
    case 503:
      return "unavailable";
    default:
      return "internal error";
  }
}

// In a header a line feed would end it.
std::string HeaderText(std::string text) {
  std::ranges::replace_if(text, [](char c) { return c >= 0 && c < ' '; }, ' ');
  return text;
}

// `response` as clients of InfluxDB 1 read it.
net::HttpResponse AsVersionOne(net::HttpResponse response, std::string_view message) {
  JsonWriter json;
  json.BeginObject();
  TextField("error", message, json);
  json.EndObject();
  net::HttpResponse answer = JsonResponse(response.status, std::move(json));
  answer.headers.push_back({"X-Influxdb-Error", HeaderText(std::string(message))});
  std::ranges::move(response.headers, std::back_inserter(answer.headers));
  return answer;
}

net::HttpResponse AsVersionTwo(net::HttpResponse response, std::string_view message) {
  JsonWriter json;
  json.BeginObject();
  TextField("code", ErrorCode(response.status), json);
  TextField("message", message, json);
  json.EndObject();
  net::HttpResponse answer = JsonResponse(response.status, std::move(json));
  std::ranges::move(response.headers, std::back_inserter(answer.headers));
  return answer;
}

// Why some of a request was dropped, in InfluxDB's words: senders look for "partial write" and
// "unable to parse" to know that repeating it is of no use. Empty when all of it was stored.
std::string Dropped(const LineSummary& lines, const WriteSummary& stored) {
  const uint64_t dropped = lines.lines_refused + stored.samples_refused;
  if (dropped == 0) return {};
  std::string_view reason = stored.first_over_limit;
  if (reason.empty()) reason = lines.lines_refused > 0 ? lines.first_refusal : stored.first_refusal;
  if (lines.points == 0) return std::string(reason);
  return fmt::format("partial write: {} dropped={}", reason, dropped);
}

std::string Statement(const net::HttpRequest& http) {
  for (const std::string* const text : {&http.query, &http.body}) {
    const std::optional<net::FormFields> fields = net::FormFields::Parse(*text);
    if (fields && fields->Has("q")) return std::string(fields->Get("q"));
  }
  return {};
}

net::HttpResponse AnswerQuery(const net::HttpRequest& http) {
  constexpr std::string_view kCreate = "CREATE DATABASE ";
  const std::string statement = Statement(http);
  JsonWriter json;
  json.BeginObject();
  if (net::EqualsIgnoringCase(std::string_view(statement).substr(0, kCreate.size()), kCreate)) {
    json.Key("results");
    json.Raw(R"([{"statement_id":0}])");
    json.EndObject();
    return JsonResponse(200, std::move(json));
  }
  TextField("error", "unsupported statement: only CREATE DATABASE is there, ask in PromQL or SQL",
            json);
  json.EndObject();
  return JsonResponse(400, std::move(json));
}

net::HttpResponse AnswerPing(const net::HttpRequest& http) {
  if (http.query.find("verbose=true") == std::string::npos) return EmptyResponse();
  JsonWriter json;
  json.BeginObject();
  TextField("version", kVersion, json);
  json.EndObject();
  return JsonResponse(200, std::move(json));
}

net::HttpResponse AnswerHealth(const net::HttpRequest&) {
  JsonWriter json;
  json.BeginObject();
  TextField("name", "influxdb", json);
  TextField("message", "ready for writes", json);
  TextField("status", "pass", json);
  json.Key("checks");
  json.Raw("[]");
  TextField("version", kVersion, json);
  json.EndObject();
  return JsonResponse(200, std::move(json));
}

}  // namespace

void InfluxWrite::AddRoutes(net::Router& router) {
  for (const std::string_view prefix : {"", "/influx"}) AddRoutes(prefix, router);
}

void InfluxWrite::AddRoutes(std::string_view prefix, net::Router& router) {
  const auto add = [&](std::string_view method, std::string_view path, net::RouteOptions options,
                       const auto& handle) {
    router.Add(method, std::string(prefix) + std::string(path), options, handle);
  };
  const auto write = [this](Version version) {
    return [this, version](const net::HttpRequest& http, const net::Responder& responder) {
      Handle(http, version, responder);
    };
  };
  const auto answer = [](net::HttpResponse (*made)(const net::HttpRequest&)) {
    return [made](const net::HttpRequest& http, const net::Responder& responder) {
      responder.Send(made(http));
    };
  };
  const net::RouteOptions with_body{.body_bytes_max = options_.body_bytes_max};
  add("POST", "/write", with_body, write(Version::kOne));
  add("POST", "/api/v2/write", with_body, write(Version::kTwo));
  add("GET", "/query", {}, answer(AnswerQuery));
  add("POST", "/query", {}, answer(AnswerQuery));
  add("GET", "/ping", {.anonymous = true}, answer(AnswerPing));
  add("GET", "/health", {.anonymous = true}, answer(AnswerHealth));
}

void InfluxWrite::Handle(const net::HttpRequest& http, Version version,
                         const net::Responder& responder) {
  ++counters_.requests;
  std::unique_ptr<PushScratch> scratch = scratches_.Take();
  PushRequest request(options_, *scratch);
  Result<LineSummary> lines = Decode(http, request);
  if (lines.ok()) {
    counters_.lines_refused += lines->lines_refused;
    counters_.strings_ignored += lines->strings_ignored;
    Store(request.batch(), *std::move(lines), version, RefusedRequests::KeyOf(http), responder);
  } else {
    Answer(ErrorResponse(lines.status(), version), responder);
  }
  scratches_.Keep(std::move(scratch));
}

Result<LineSummary> InfluxWrite::Decode(const net::HttpRequest& http, PushRequest& request) {
  const std::optional<net::FormFields> parameters = net::FormFields::Parse(http.query);
  if (!parameters) return Status::InvalidArgument("bad encoding of the parameters");
  LUMA_ASSIGN_OR_RETURN(const PushedLabels extra_labels, ExtraLabels(*parameters));
  LUMA_ASSIGN_OR_RETURN(const LinePrecision precision,
                        ParseLinePrecision(parameters->Get("precision")));
  const LineDecodeOptions options{
      .precision = precision,
      .now = clock_.NowMillis(),
      .database = parameters->Has("db") ? parameters->Get("db") : parameters->Get("bucket"),
      .extra_labels = extra_labels};
  LUMA_ASSIGN_OR_RETURN(const std::string_view text, request.Decode(http));
  return LineDecoder(options, request).Decode(text);
}

void InfluxWrite::Store(const SeriesBatch& batch, LineSummary lines, Version version, uint64_t key,
                        const net::Responder& responder) {
  sink_.Write(batch, [this, responder, version, key,
                      lines = std::move(lines)](const Result<WriteSummary>& stored) {
    if (!stored.ok()) return Answer(ErrorResponse(stored.status(), version), responder);
    counters_.Count(*stored);
    const std::string dropped = Dropped(lines, *stored);
    if (dropped.empty()) return Answer(EmptyResponse(), responder);
    net::HttpResponse response = refused_.Answer(*stored, dropped, key);
    Answer(version == Version::kOne ? AsVersionOne(std::move(response), dropped)
                                    : AsVersionTwo(std::move(response), dropped),
           responder);
  });
}

net::HttpResponse InfluxWrite::ErrorResponse(const Status& status, Version version) const {
  net::HttpResponse response = WriteErrorResponse(status);
  return version == Version::kOne ? AsVersionOne(std::move(response), status.message())
                                  : AsVersionTwo(std::move(response), status.message());
}

void InfluxWrite::Answer(net::HttpResponse response, const net::Responder& responder) {
  counters_.CountAnswer(response.status);
  responder.Send(std::move(response));
}

}  // namespace luma::prom
