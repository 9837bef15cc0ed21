#include "prom/query_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>
#include <vector>

#include "model/utf8.h"
#include "prom/api_response.h"
#include "prom/exemplars_json.h"
#include "prom/label_name_escape.h"
#include "prom/syntax_tree_json.h"
#include "promql/format.h"
#include "promql/selectors.h"

namespace luma::prom {
namespace {

constexpr int64_t kPointsPerSeriesMax = 11'000;
constexpr uint64_t kFormBytesMax = 10 << 20;
constexpr std::string_view kTruncated = "results truncated due to limit";

// Cuts `values` to `limit`, 0 meaning none; gives the warning when something was cut.
template <typename T>
std::vector<std::string> Truncate(uint64_t limit, std::vector<T>& values) {
  if (limit == 0 || values.size() <= limit) return {};
  values.resize(limit);
  return {std::string(kTruncated)};
}

net::HttpResponse TextList(std::vector<std::string> texts, uint64_t limit, QueryMemory& memory) {
  const std::vector<std::string> warnings = Truncate(limit, texts);
  uint64_t bytes = 0;
  for (const std::string& text : texts) bytes += StringTextBytes(text);
  Result<JsonWriter> json = StartSuccess(bytes, memory);
  if (!json.ok()) return ErrorResponse(json.status());
  json->BeginArray();
  for (const std::string& text : texts) json->String(text);
  json->EndArray();
  return FinishSuccess(*std::move(json), warnings);
}

using SteadyTime = std::chrono::steady_clock::time_point;

// What "stats" asks for. Of Prometheus' numbers, those that are the same thing here.
std::string QueryStatsJson(SteadyTime begin) {
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return fmt::format(R"({{"timings":{{"evalTotalTime":{0},"execTotalTime":{0}}}}})", seconds);
}

net::HttpResponse QueryAnswer(promql::QueryValue value, uint64_t limit, std::string_view stats,
                              QueryMemory& memory) {
  std::vector<std::string> warnings = Truncate(limit, value.series);
  warnings.insert(warnings.end(), value.warnings.begin(), value.warnings.end());
  Result<JsonWriter> json = StartSuccess(QueryValueBytes(value), memory);
  if (!json.ok()) return ErrorResponse(json.status());
  WriteQueryValue(value, *json, stats);
  return FinishSuccess(*std::move(json), warnings, value.infos);
}

template <typename T>
void Append(std::vector<T> more, std::vector<T>& all) {
  if (all.empty()) {
    all = std::move(more);
  } else {
    std::move(more.begin(), more.end(), std::back_inserter(all));
  }
}

// What `read` gives for any of the selectors, sorted and without repeats; for everything when
// there are no selectors.
Result<std::vector<std::string>> Union(
    const std::vector<Matchers>& selectors,
    const std::function<Result<std::vector<std::string>>(const Matchers&)>& read) {
  if (selectors.empty()) return read({});
  std::vector<std::string> all;
  for (const Matchers& matchers : selectors) {
    LUMA_ASSIGN_OR_RETURN(std::vector<std::string> found, read(matchers));
    Append(std::move(found), all);
  }
  if (selectors.size() > 1) std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

Status CheckSteps(UnixMillis start, UnixMillis end, int64_t step_ms) {
  if (end < start) {
    return InvalidParameter("end",
                            Status::InvalidArgument("end timestamp must not be before start time"));
  }
  if (step_ms <= 0) {
    return InvalidParameter(
        "step", Status::InvalidArgument("zero or negative query resolution step widths are not "
                                        "accepted. Try a positive integer"));
  }
  const auto span = static_cast<uint64_t>(end) - static_cast<uint64_t>(start);
  if (span / static_cast<uint64_t>(step_ms) > kPointsPerSeriesMax) {
    return Status::InvalidArgument(
        "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query "
        "resolution (?step=XX)");
  }
  return Status::Ok();
}

}  // namespace

QueryApi::QueryApi(const MetricsSource& source, const Clock& clock, QueryApiOptions options)
    : source_(source), clock_(clock), options_(std::move(options)) {}

void QueryApi::AddRoutes(net::Router& router) {
  Add(router, "/api/v1/query", &QueryApi::Query);
  Add(router, "/api/v1/query_range", &QueryApi::QueryRange);
  Add(router, "/api/v1/query_exemplars", &QueryApi::Exemplars);
  Add(router, "/api/v1/series", &QueryApi::Series);
  Add(router, "/api/v1/labels", &QueryApi::LabelNames);
  Add(router, "/api/v1/label/{name}/values", &QueryApi::LabelValues);
  Add(router, "/api/v1/format_query", &QueryApi::FormatQuery);
  Add(router, "/api/v1/parse_query", &QueryApi::ParseQuery);
  Add(router, "/api/v1/status/buildinfo", &QueryApi::BuildInfo);
}

void QueryApi::Add(net::Router& router, std::string_view pattern, Method method) {
  const auto handler = [this, method](net::HttpRequest http, const net::Responder& responder) {
    const Result<ApiRequest> request = ApiRequest::From(http);
    const auto memory = std::make_shared<QueryMemory>(options_.budget, cancelled_, http.peer);
    Answer answer = request.ok() ? (this->*method)(*request, *memory) : Answer(request.status());
    net::HttpResponse response =
        answer.ok() ? *std::move(answer) : BadData(answer.status().message());
    response.memory = memory;
    responder.Send(std::move(response));
  };
  net::WorkerPool* const workers = options_.workers;
  router.Add("GET", pattern, {.workers = workers}, handler);
  router.Add("POST", pattern, {.body_bytes_max = kFormBytesMax, .workers = workers}, handler);
}

QueryApi::Answer QueryApi::Query(const ApiRequest& request, QueryMemory& memory) const {
  LUMA_ASSIGN_OR_RETURN(const uint64_t limit, request.Limit());
  LUMA_ASSIGN_OR_RETURN(const UnixMillis time, request.TimeOr("time", clock_.NowMillis()));
  LUMA_ASSIGN_OR_RETURN(const ReadLimits limits, LimitsOf(request, memory));
  LUMA_ASSIGN_OR_RETURN(const int64_t lookback_ms, request.DurationMillisOr("lookback_delta", 0));
  LUMA_ASSIGN_OR_RETURN(const promql::ExprPtr expr, request.Query());
  const SteadyTime begin = std::chrono::steady_clock::now();
  Result<promql::QueryValue> value = EvaluatorWith(lookback_ms).Instant(*expr, time, limits);
  if (!value.ok()) return ErrorResponse(value.status());
  const std::string stats = request.Get("stats").empty() ? "" : QueryStatsJson(begin);
  return QueryAnswer(*std::move(value), limit, stats, memory);
}

QueryApi::Answer QueryApi::QueryRange(const ApiRequest& request, QueryMemory& memory) const {
  LUMA_ASSIGN_OR_RETURN(const uint64_t limit, request.Limit());
  LUMA_ASSIGN_OR_RETURN(const UnixMillis start, request.Time("start"));
  LUMA_ASSIGN_OR_RETURN(const UnixMillis end, request.Time("end"));
  LUMA_ASSIGN_OR_RETURN(const int64_t step_ms, request.DurationMillis("step"));
  LUMA_RETURN_IF_ERROR(CheckSteps(start, end, step_ms));
  LUMA_ASSIGN_OR_RETURN(const ReadLimits limits, LimitsOf(request, memory));
  LUMA_ASSIGN_OR_RETURN(const int64_t lookback_ms, request.DurationMillisOr("lookback_delta", 0));
  LUMA_ASSIGN_OR_RETURN(const promql::ExprPtr expr, request.Query());
  LUMA_RETURN_IF_ERROR(promql::CheckRangeQueryType(*expr));
  const SteadyTime begin = std::chrono::steady_clock::now();
  Result<promql::QueryValue> value =
      EvaluatorWith(lookback_ms).Range(*expr, start, end, step_ms, limits);
  if (!value.ok()) return ErrorResponse(value.status());
  const std::string stats = request.Get("stats").empty() ? "" : QueryStatsJson(begin);
  return QueryAnswer(*std::move(value), limit, stats, memory);
}

QueryApi::Answer QueryApi::Series(const ApiRequest& request, QueryMemory& memory) const {
  LUMA_ASSIGN_OR_RETURN(const uint64_t limit, request.Limit());
  LUMA_ASSIGN_OR_RETURN(const TimeRange range, request.Range());
  LUMA_ASSIGN_OR_RETURN(const ReadLimits limits, LimitsOf(request, memory));
  LUMA_ASSIGN_OR_RETURN(const std::vector<Matchers> selectors, request.Selectors());
  if (selectors.empty()) return Status::InvalidArgument("no match[] parameter provided");
  std::vector<Labels> all;
  for (const Matchers& matchers : selectors) {
    Result<std::vector<Labels>> found = source_.Series(matchers, range, limits);
    if (!found.ok()) return ErrorResponse(found.status());
    Append(*std::move(found), all);
  }
  if (selectors.size() > 1) {
    std::sort(all.begin(), all.end(),
              [](const Labels& a, const Labels& b) { return CompareLabels(a, b) < 0; });
  }
  all.erase(std::unique(all.begin(), all.end()), all.end());
  const std::vector<std::string> warnings = Truncate(limit, all);
  uint64_t bytes = 0;
  for (const Labels& labels : all) bytes += LabelSetTextBytes(labels);
  Result<JsonWriter> json = StartSuccess(bytes, memory);
  if (!json.ok()) return ErrorResponse(json.status());
  json->BeginArray();
  for (const Labels& labels : all) json->LabelSet(labels);
  json->EndArray();
  return FinishSuccess(*std::move(json), warnings);
}

QueryApi::Answer QueryApi::LabelNames(const ApiRequest& request, QueryMemory& memory) const {
  LUMA_ASSIGN_OR_RETURN(const uint64_t limit, request.Limit());
  LUMA_ASSIGN_OR_RETURN(const TimeRange range, request.Range());
  LUMA_ASSIGN_OR_RETURN(const ReadLimits limits, LimitsOf(request, memory));
  LUMA_ASSIGN_OR_RETURN(const std::vector<Matchers> selectors, request.Selectors());
  Result<std::vector<std::string>> names = Union(selectors, [&](const Matchers& matchers) {
    return source_.LabelNames(matchers, range, limits);
  });
  if (!names.ok()) return ErrorResponse(names.status());
  return TextList(*std::move(names), limit, memory);
}

QueryApi::Answer QueryApi::LabelValues(const ApiRequest& request, QueryMemory& memory) const {
  const std::string name = UnescapeLabelName(request.PathParameter("name"));
  LUMA_ASSIGN_OR_RETURN(const uint64_t limit, request.Limit());
  LUMA_ASSIGN_OR_RETURN(const TimeRange range, request.Range());
  LUMA_ASSIGN_OR_RETURN(const ReadLimits limits, LimitsOf(request, memory));
  LUMA_ASSIGN_OR_RETURN(const std::vector<Matchers> selectors, request.Selectors());
  if (!IsValidUtf8(name)) return Status::InvalidArgument("invalid label name: not valid UTF-8");
  Result<std::vector<std::string>> values = Union(selectors, [&](const Matchers& matchers) {
    return source_.LabelValues(name, matchers, range, limits);
  });
  if (!values.ok()) return ErrorResponse(values.status());
  return TextList(*std::move(values), limit, memory);
}

QueryApi::Answer QueryApi::BuildInfo(const ApiRequest&, QueryMemory&) const {
  const std::pair<std::string_view, std::string_view> fields[] = {{"version", options_.version},
                                                                  {"revision", options_.revision},
                                                                  {"branch", ""},
                                                                  {"buildUser", ""},
                                                                  {"buildDate", ""},
                                                                  {"goVersion", ""}};
  JsonWriter json = StartSuccess();
  json.BeginObject();
  for (const auto& [key, value] : fields) {
    json.Key(key);
    json.String(value);
  }
  json.EndObject();
  return FinishSuccess(std::move(json));
}

QueryApi::Answer QueryApi::FormatQuery(const ApiRequest& request, QueryMemory& memory) const {
  LUMA_ASSIGN_OR_RETURN(const promql::ExprPtr expr, request.Query());
  const std::string text = promql::FormatPretty(*expr);
  // Indents make 27 MB of the worst 64 KB.
  Result<JsonWriter> json = StartSuccess(text.size() + StringTextBytes(text), memory);
  if (!json.ok()) return ErrorResponse(json.status());
  json->String(text);
  return FinishSuccess(*std::move(json));
}

QueryApi::Answer QueryApi::ParseQuery(const ApiRequest& request, QueryMemory&) const {
  LUMA_ASSIGN_OR_RETURN(const promql::ExprPtr expr, request.Query());
  JsonWriter json = StartSuccess();
  WriteSyntaxTree(*expr, json);
  return FinishSuccess(std::move(json));
}

QueryApi::Answer QueryApi::Exemplars(const ApiRequest& request, QueryMemory& memory) const {
  LUMA_ASSIGN_OR_RETURN(const TimeRange range, request.Range());
  LUMA_ASSIGN_OR_RETURN(const ReadLimits limits, LimitsOf(request, memory));
  LUMA_ASSIGN_OR_RETURN(const promql::ExprPtr expr, request.Query());
  const std::vector<Matchers> selectors = promql::SelectorsOf(*expr);
  Result<std::vector<SeriesExemplars>> found = std::vector<SeriesExemplars>();
  if (options_.exemplars != nullptr) {
    found = options_.exemplars->Exemplars(selectors, range, limits);
  }
  if (!found.ok()) return ErrorResponse(found.status());
  Result<JsonWriter> json = StartSuccess(ExemplarsBytes(*found), memory);
  if (!json.ok()) return ErrorResponse(json.status());
  WriteExemplars(*found, *json);
  return FinishSuccess(*std::move(json));
}

Result<ReadLimits> QueryApi::LimitsOf(const ApiRequest& request, QueryMemory& memory) const {
  const int64_t longest_ms = options_.query_timeout.count();
  LUMA_ASSIGN_OR_RETURN(const int64_t asked_ms, request.DurationMillisOr("timeout", longest_ms));
  ReadLimits limits;
  limits.samples_max = options_.samples_max;
  limits.memory = &memory;
  limits.deadline = std::chrono::steady_clock::now() +
                    std::chrono::milliseconds(std::clamp<int64_t>(asked_ms, 0, longest_ms));
  return limits;
}

promql::Evaluator QueryApi::EvaluatorWith(int64_t lookback_ms) const {
  promql::EvaluatorOptions options = options_.evaluator;
  if (lookback_ms > 0) options.lookback = std::chrono::milliseconds(lookback_ms);
  return promql::Evaluator(source_, options);
}

}  // namespace luma::prom
