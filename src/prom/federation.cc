#include "prom/federation.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prom/api_response.h"
#include "prom/number_text.h"

namespace luma::prom {
namespace {

struct LatestSample {
  UnixMillis time = 0;
  double value = 0;
};

// The series of a metric follow one another.
struct ByMetric {
  bool operator()(const Labels& a, const Labels& b) const {
    const int names = a.metric_name().compare(b.metric_name());
    return names != 0 ? names < 0 : CompareLabels(a, b) < 0;
  }
};
using LatestSamples = std::map<Labels, LatestSample, ByMetric>;

bool IsNameByte(char c, bool first, bool of_metric) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return letter || (of_metric && c == ':') || (!first && c >= '0' && c <= '9');
}

bool IsPlainName(std::string_view name, bool of_metric) {
  for (size_t i = 0; i < name.size(); ++i) {
    if (!IsNameByte(name[i], i == 0, of_metric)) return false;
  }
  return !name.empty();
}

void AppendEscaped(std::string_view text, std::string& page) {
  for (const char c : text) {
    if (c == '\\' || c == '"') page.push_back('\\');
    if (c == '\n') {
      page.append("\\n");
    } else {
      page.push_back(c);
    }
  }
}

void AppendQuoted(std::string_view text, std::string& page) {
  page.push_back('"');
  AppendEscaped(text, page);
  page.push_back('"');
}

// Writes the lines of one page.
class PageWriter {
 public:
  explicit PageWriter(bool utf8_names) : utf8_names_(utf8_names) {}

  void Add(const Labels& labels, const LatestSample& sample) {
    const std::string_view name = labels.metric_name();
    if (name != last_name_) {
      last_name_ = name;
      page_ += "# TYPE ";
      AppendName(name, /*of_metric=*/true);
      page_ += " untyped\n";
    }
    const bool inside = utf8_names_ && !IsPlainName(name, /*of_metric=*/true);
    if (!inside) AppendName(name, /*of_metric=*/true);
    page_ += '{';
    if (inside) AppendQuoted(name, page_);
    AppendLabels(labels, /*first=*/!inside);
    page_ += "} ";
    AppendFloat(sample.value, page_);
    page_ += ' ' + std::to_string(sample.time) + '\n';
  }
  std::string Take() { return std::move(page_); }

 private:
  void AppendLabels(const Labels& labels, bool first) {
    for (const LabelRef& label : labels) {
      if (label.name == kMetricNameLabel) continue;
      AppendLabel(label, std::exchange(first, false));
    }
    // As Prometheus does, so that the scraper adds no instance of its own to an aggregated series.
    if (labels.Get("instance").empty()) AppendLabel({"instance", ""}, first);
  }

  void AppendLabel(const LabelRef& label, bool first) {
    if (!first) page_ += ',';
    AppendName(label.name, /*of_metric=*/false);
    page_ += '=';
    AppendQuoted(label.value, page_);
  }

  void AppendName(std::string_view name, bool of_metric) {
    if (IsPlainName(name, of_metric)) {
      page_ += name;
    } else if (utf8_names_) {
      AppendQuoted(name, page_);
    } else {
      AppendWithUnderscores(name, of_metric);
    }
  }

  void AppendWithUnderscores(std::string_view name, bool of_metric) {
    for (size_t i = 0; i < name.size(); ++i) {
      const bool continuation = (static_cast<unsigned char>(name[i]) & 0xc0) == 0x80;
      if (continuation) continue;  // one "_" for a character, not for a byte
      page_ += IsNameByte(name[i], i == 0, of_metric) ? name[i] : '_';
    }
  }

  const bool utf8_names_;
  std::string page_;
  std::string last_name_;
};

}  // namespace

void Federation::AddRoutes(net::Router& router) {
  router.Add("GET", "/federate", {.workers = options_.workers},
             [this](const net::HttpRequest& http, const net::Responder& responder) {
               responder.Send(Answer(http));
             });
}

net::HttpResponse Federation::Answer(const net::HttpRequest& http) const {
  const Result<ApiRequest> request = ApiRequest::From(http);
  if (!request.ok()) return net::TextResponse(400, std::string(request.status().message()));
  const Result<std::vector<Matchers>> selectors = request->Selectors();
  if (!selectors.ok()) return net::TextResponse(400, std::string(selectors.status().message()));
  const bool utf8_names =
      http.Header("Accept").find("escaping=allow-utf-8") != std::string_view::npos;
  const auto memory = std::make_shared<QueryMemory>(options_.budget, cancelled_, http.peer);
  Result<std::string> page = Page(*selectors, utf8_names, *memory);
  if (!page.ok()) {
    const int status = ErrorResponse(page.status()).status;
    return net::TextResponse(status == 422 ? 400 : status, std::string(page.status().message()));
  }
  return {.content_type = utf8_names
                              ? "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
                              : "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
          .body = *std::move(page),
          .memory = memory};
}

Result<std::string> Federation::Page(const std::vector<Matchers>& selectors, bool utf8_names,
                                     QueryMemory& memory) const {
  const UnixMillis now = clock_.NowMillis();
  const TimeRange range{.min = now - options_.lookback.count(), .max = now};
  const ReadLimits limits{.samples_max = options_.samples_max,
                          .deadline = std::chrono::steady_clock::now() + options_.timeout,
                          .memory = &memory};
  LatestSamples latest;
  for (const Matchers& matchers : selectors) {
    LUMA_ASSIGN_OR_RETURN(std::vector<SeriesSamples> series,
                          source_.Select(matchers, range, limits));
    for (SeriesSamples& one : series) {
      const LatestSample sample{one.timestamps.back(), one.values.back()};
      const bool histogram = !one.histograms.empty() && one.histograms.back() != nullptr;
      if (histogram || IsStaleNan(sample.value) || one.labels.metric_name().empty()) continue;
      latest.try_emplace(std::move(one.labels), sample);
    }
  }
  PageWriter writer(utf8_names);
  for (const auto& [labels, sample] : latest) writer.Add(labels, sample);
  std::string page = writer.Take();
  LUMA_RETURN_IF_ERROR(memory.Book(page.size()));
  return page;
}

}  // namespace luma::prom
