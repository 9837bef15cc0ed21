#include "prom/search_api.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <utility>

#include "prom/api_response.h"
#include "prom/api_route.h"
#include "prom/json_fields.h"
#include "prom/number_text.h"
#include "prom/search_filter.h"

namespace luma::prom {
namespace {

constexpr int64_t kCountDefault = 100;  // of results, and of those in a batch
constexpr int64_t kLimitMax = 10'000;
constexpr UnixMillis kRangeMillis = 3'600'000;

struct Found {
  std::string_view text;
  double score = 0;
};

// Vectors hold the old and the new while they grow.
constexpr uint64_t kGrowth = 2;

enum class Order : uint8_t { kAscending, kDescending, kScore };

struct SearchParameters {
  SearchFilter filter;
  std::vector<Matchers> selectors;
  TimeRange range;
  Order order = Order::kAscending;
  size_t limit = 0;
  size_t batch_size = 0;
  bool include_score = false;
};

Result<int64_t> PositiveParameter(const ApiRequest& request, std::string_view name) {
  const Result<int64_t> number = request.NumberOr(name, kCountDefault);
  if (number.ok() && *number > 0) return *number;
  return Status::InvalidArgument("invalid ", name, " \"", request.Get(name),
                                 "\": must be a positive integer");
}

Result<Order> OrderOf(const ApiRequest& request, bool has_terms) {
  const std::string_view by = request.Get("sort_by");
  const std::string_view direction = request.Get("sort_dir");
  if (!direction.empty() && by.empty()) {
    return Status::InvalidArgument("sort_dir is only valid when sort_by is set");
  }
  if (!direction.empty() && by == "score") {
    return Status::InvalidArgument("sort_dir is not supported for sort_by=score");
  }
  if (!direction.empty() && direction != "asc" && direction != "dsc") {
    return Status::InvalidArgument("invalid sort_dir \"", direction,
                                   "\": must be \"asc\" or \"dsc\"");
  }
  if (!by.empty() && by != "alpha" && by != "score") {
    return Status::InvalidArgument("invalid sort_by \"", by, "\": must be \"alpha\" or \"score\"");
  }
  if (by != "score") return direction == "dsc" ? Order::kDescending : Order::kAscending;
  if (!has_terms) return Status::InvalidArgument("sort_by=score requires search[] to be set");
  return Order::kScore;
}

Result<TimeRange> RangeOf(const ApiRequest& request, UnixMillis now) {
  TimeRange range;
  LUMA_ASSIGN_OR_RETURN(range.min, request.TimeOr("start", now - kRangeMillis));
  LUMA_ASSIGN_OR_RETURN(range.max, request.TimeOr("end", now));
  if (range.max >= range.min) return range;
  return Status::InvalidArgument("end timestamp must not be before start timestamp");
}

Result<SearchParameters> ReadParameters(const ApiRequest& request, UnixMillis now) {
  LUMA_ASSIGN_OR_RETURN(SearchFilter filter, SearchFilter::From(request));
  SearchParameters parameters{.filter = std::move(filter), .selectors = {}, .range = {}};
  LUMA_ASSIGN_OR_RETURN(parameters.range, RangeOf(request, now));
  LUMA_ASSIGN_OR_RETURN(parameters.selectors, request.Selectors());
  LUMA_ASSIGN_OR_RETURN(parameters.order, OrderOf(request, parameters.filter.has_terms()));
  LUMA_ASSIGN_OR_RETURN(const int64_t limit, PositiveParameter(request, "limit"));
  if (limit > kLimitMax) {
    return Status::InvalidArgument("limit ", limit, " exceeds the configured maximum (", kLimitMax,
                                   ", see --web.search.max-limit)");
  }
  parameters.limit = static_cast<size_t>(limit);
  LUMA_ASSIGN_OR_RETURN(const int64_t batch, PositiveParameter(request, "batch_size"));
  parameters.batch_size = static_cast<size_t>(std::min(batch, kLimitMax));
  LUMA_ASSIGN_OR_RETURN(parameters.include_score, request.BoolOr("include_score", false));
  return parameters;
}

// What any of the selectors finds, ordered, each once.
template <typename Reader>
Result<std::vector<std::string>> ReadTexts(const SearchParameters& parameters, const Reader& read,
                                           const ReadLimits& limits) {
  std::vector<std::string> texts;
  for (const Matchers& matchers : parameters.selectors) {
    LUMA_ASSIGN_OR_RETURN(std::vector<std::string> found, read(matchers, parameters.range, limits));
    if (parameters.selectors.size() == 1) return found;
    LUMA_RETURN_IF_ERROR(limits.memory->Book(kGrowth * found.size() * sizeof(std::string)));
    texts.insert(texts.end(), std::make_move_iterator(found.begin()),
                 std::make_move_iterator(found.end()));
  }
  std::ranges::sort(texts);
  const auto [repeated, end] = std::ranges::unique(texts);
  texts.erase(repeated, end);
  return texts;
}

// Errors: kTimeout, kCancelled and kOutOfMemory.
Result<std::vector<Found>> Choose(const std::vector<std::string>& texts,
                                  const SearchParameters& parameters, const ReadLimits& limits) {
  constexpr size_t kBytesBetweenChecks = 4096;  // with 32 terms some hundred milliseconds at worst
  std::vector<Found> found;
  size_t unchecked_bytes = 0;
  size_t booked = 0;
  for (const std::string& text : texts) {
    unchecked_bytes += text.size() + 1;
    if (unchecked_bytes > kBytesBetweenChecks) {
      if (std::chrono::steady_clock::now() > limits.deadline) {
        return Status::Timeout("search took too long");
      }
      LUMA_RETURN_IF_ERROR(limits.memory->Book(kGrowth * (found.size() - booked) * sizeof(Found)));
      booked = found.size();
      unchecked_bytes = 0;
    }
    if (const auto score = parameters.filter.Score(text)) found.push_back({text, *score});
  }
  if (parameters.order == Order::kDescending) std::ranges::reverse(found);
  if (parameters.order == Order::kScore) {
    std::ranges::sort(found, [](const Found& a, const Found& b) {
      return a.score != b.score ? a.score > b.score : a.text < b.text;
    });
  }
  return found;
}

// What is known of the metrics that an answer has.
using MetadataByName = std::map<std::string_view, MetricMetadata>;

// Of what is told of a metric the first counts. Errors: kOutOfMemory and kCancelled.
Result<MetadataByName> MetadataOf(std::span<const Found> found, const SearchApi::Metadata& tell,
                                  ResultMemory& memory) {
  constexpr uint64_t kEntryBytes = 64 + sizeof(MetadataByName::value_type);
  std::set<std::string_view> wanted;
  LUMA_RETURN_IF_ERROR(memory.Book(found.size() * kEntryBytes));
  for (const Found& one : found) wanted.insert(one.text);
  MetadataByName metadata;
  Status status;
  tell([&](const MetricMetadata& one) {
    const auto name = wanted.find(one.family);
    if (!status.ok() || name == wanted.end() || metadata.contains(*name)) return;
    status = memory.Book(kEntryBytes + one.family.size() + one.help.size() + one.unit.size());
    if (status.ok()) metadata.emplace(*name, one);
  });
  LUMA_RETURN_IF_ERROR(status);
  return metadata;
}

// Writes the lines of an answer. Thread-compatible.
class SearchLines {
 public:
  SearchLines(std::string_view field, const SearchParameters& parameters,
              const MetadataByName& metadata)
      : field_(field), parameters_(parameters), metadata_(metadata) {}

  // There is always a first batch, be it empty. `has_more`: not all that was found is shown.
  // Errors: kOutOfMemory and kCancelled.
  Result<std::string> Write(std::span<const Found> shown, bool has_more,
                            ResultMemory& memory) const {
    const uint64_t bytes = BytesOf(shown);
    LUMA_RETURN_IF_ERROR(memory.Book(2 * bytes));  // a batch is written, then appended
    std::string lines;
    lines.reserve(bytes);
    for (size_t begin = 0; begin == 0 || begin < shown.size(); begin += parameters_.batch_size) {
      const size_t size = std::min(parameters_.batch_size, shown.size() - begin);
      lines += Batch(shown.subspan(begin, size)) + "\n";
    }
    const std::string_view more = has_more ? "true" : "false";
    return lines.append(R"({"status":"success","has_more":)").append(more).append("}\n");
  }

 private:
  // Of the lines, rather more than less: each result may be a batch.
  uint64_t BytesOf(std::span<const Found> shown) const {
    constexpr uint64_t kAroundTexts = 128;  // {"results":[{"value":,"score":0.5,"type":,...}]}
    uint64_t bytes = kAroundTexts;
    for (const Found& one : shown) {
      bytes += kAroundTexts + StringTextBytes(one.text);
      const auto known = metadata_.find(one.text);
      if (known == metadata_.end()) continue;
      const auto& [family, type, help, unit] = known->second;
      bytes += StringTextBytes(type) + StringTextBytes(help) + StringTextBytes(unit);
    }
    return bytes;
  }

  std::string Batch(std::span<const Found> found) const {
    JsonWriter json;
    json.BeginObject();
    json.Key("results");
    json.BeginArray();
    for (const Found& one : found) WriteOne(one, json);
    json.EndArray();
    json.EndObject();
    return json.Take();
  }

  void WriteOne(const Found& one, JsonWriter& json) const {
    json.BeginObject();
    TextField(field_, one.text, json);
    if (parameters_.include_score) {
      std::string score;
      AppendFloat(one.score, score);
      json.Key("score");
      json.Raw(score);
    }
    if (const auto known = metadata_.find(one.text); known != metadata_.end()) {
      const auto& [family, type, help, unit] = known->second;
      for (const auto& [key, text] : {std::pair("type", type), {"help", help}, {"unit", unit}}) {
        if (!text.empty()) TextField(key, text, json);
      }
    }
    json.EndObject();
  }

  const std::string_view field_;
  const SearchParameters& parameters_;
  const MetadataByName& metadata_;
};

}  // namespace

void SearchApi::AddRoutes(net::Router& router) {
  const auto add = [&](std::string_view name,
                       Answer (SearchApi::*search)(const ApiRequest&) const) {
    for (const std::string_view verb : {"GET", "POST"}) {
      AddApiRoute(router, verb, "/api/v1/search/" + std::string(name), options_.workers,
                  [this, search](const ApiRequest& request) { return (this->*search)(request); });
    }
  };
  add("metric_names", &SearchApi::MetricNames);
  add("label_names", &SearchApi::LabelNames);
  add("label_values", &SearchApi::LabelValues);
}

SearchApi::Answer SearchApi::MetricNames(const ApiRequest& request) const {
  LUMA_ASSIGN_OR_RETURN(const bool with_metadata, request.BoolOr("include_metadata", false));
  return Search(request, "name", with_metadata,
                [this](const Matchers& matchers, TimeRange range, const ReadLimits& limits) {
                  return source_.LabelValues(kMetricNameLabel, matchers, range, limits);
                });
}

SearchApi::Answer SearchApi::LabelNames(const ApiRequest& request) const {
  return Search(request, "name", /*with_metadata=*/false,
                [this](const Matchers& matchers, TimeRange range, const ReadLimits& limits) {
                  return source_.LabelNames(matchers, range, limits);
                });
}

SearchApi::Answer SearchApi::LabelValues(const ApiRequest& request) const {
  const std::string label(request.Get("label"));
  if (label.empty()) return Status::InvalidArgument("missing required parameter \"label\"");
  return Search(
      request, "value", /*with_metadata=*/false,
      [this, &label](const Matchers& matchers, TimeRange range, const ReadLimits& limits) {
        return source_.LabelValues(label, matchers, range, limits);
      });
}

SearchApi::Answer SearchApi::Search(const ApiRequest& request, std::string_view field,
                                    bool with_metadata, const Reader& read) const {
  LUMA_ASSIGN_OR_RETURN(SearchParameters parameters, ReadParameters(request, clock_.NowMillis()));
  if (parameters.selectors.empty()) parameters.selectors.emplace_back();
  const auto memory = std::make_shared<QueryMemory>(options_.budget, cancelled_, request.peer());
  const ReadLimits limits{.deadline = std::chrono::steady_clock::now() + options_.timeout,
                          .memory = memory.get()};
  const Result<Texts> texts = ReadTexts(parameters, read, limits);
  if (!texts.ok()) return ErrorResponse(texts.status());
  const Result<std::vector<Found>> found = Choose(*texts, parameters, limits);
  if (!found.ok()) return ErrorResponse(found.status());
  const std::span<const Found> shown(found->data(), std::min(found->size(), parameters.limit));
  Result<MetadataByName> metadata = MetadataByName();
  if (with_metadata) metadata = MetadataOf(shown, metadata_, *memory);
  if (!metadata.ok()) return ErrorResponse(metadata.status());
  Result<std::string> lines =
      SearchLines(field, parameters, *metadata).Write(shown, shown.size() < found->size(), *memory);
  if (!lines.ok()) return ErrorResponse(lines.status());
  return net::HttpResponse{.content_type = "application/x-ndjson; charset=utf-8",
                           .body = *std::move(lines),
                           .memory = memory};
}

}  // namespace luma::prom
