#include "prom/push/page_import.h"

#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "net/url.h"
#include "prom/http_errors.h"
#include "prom/scrape/page_parser.h"
#include "prom/wire_histogram.h"
#include "prom/write_request.h"

namespace luma::prom {
namespace {

constexpr std::string_view kPath = "/api/v1/import/prometheus";

std::string AtLine(const PageParser& parser) {
  return parser.line_number() == 0 ? "" : fmt::format(": line={}", parser.line_number());
}

Result<UnixMillis> TimeOr(std::string_view text, UnixMillis absent) {
  if (text.empty()) return absent;
  UnixMillis time = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), time);
  if (error == std::errc() && stop == text.data() + text.size()) return time;
  return Status::InvalidArgument("timestamp must be a number of milliseconds: got=", text);
}

// Adds the samples of a page to a request, one after another.
class PageReader {
 public:
  PageReader(PageParser& parser, UnixMillis time, const PushedLabels& labels, PushRequest& request)
      : parser_(parser), time_(time), replaced_(labels), request_(request) {}

  Status Read() {
    while (parser_.Next()) LUMA_RETURN_IF_ERROR(AddSample());
    return parser_.status();
  }
  uint64_t exemplars_refused() const { return exemplars_refused_; }

 private:
  Status AddSample() {
    LUMA_RETURN_IF_ERROR(request_.MakeRoom());
    if (!parser_.ReadLabels(labels_)) return parser_.status();
    Replace(replaced_, labels_);
    const LabelsOutcome outcome = request_.batch().StartSeries(labels_);
    if (outcome != LabelsOutcome::kOk) {
      return Status::InvalidArgument("bad exposition: ", LabelsOutcomeText(outcome),
                                     AtLine(parser_));
    }
    const PageSample& sample = parser_.sample();
    const UnixMillis time = sample.timestamp.value_or(time_);
    LUMA_RETURN_IF_ERROR(sample.histogram == nullptr ? AddFloat(time, sample.value)
                                                     : AddHistogram(time, *sample.histogram));
    for (PageExemplar& exemplar : parser_.exemplars()) AddExemplar(exemplar, time);
    return Status::Ok();
  }
  // One whose labels cannot be is left out, as scraping does.
  void AddExemplar(PageExemplar& exemplar, UnixMillis time_of_sample) {
    const UnixMillis time = exemplar.timestamp.value_or(time_of_sample);
    const bool added =
        request_.batch().exemplar_count() < kExemplarsPerRequestMax &&
        request_.batch().AddExemplar(time, exemplar.value, exemplar.labels) == LabelsOutcome::kOk;
    if (!added) ++exemplars_refused_;
  }
  Status AddFloat(UnixMillis time, double value) {
    request_.batch().AddSample({.timestamp = time, .value = value});
    return Status::Ok();
  }
  Status AddHistogram(UnixMillis time, WireHistogram& histogram) {
    histogram.timestamp = time;
    histogram_.clear();
    LUMA_RETURN_IF_ERROR(AppendWireHistogram(histogram, histogram_));
    request_.batch().AddHistogram(time, histogram_);
    return Status::Ok();
  }

  PageParser& parser_;
  const UnixMillis time_;
  const PushedLabels& replaced_;
  PushRequest& request_;
  std::vector<LabelRef> labels_;
  std::string histogram_;
  uint64_t exemplars_refused_ = 0;
};

// What was refused of the samples of a page, and why; empty when nothing was.
std::string Refused(const WriteSummary& stored) {
  std::string refused;
  AppendRefused("samples", stored.samples_refused - stored.samples_over_limit, stored.first_refusal,
                refused);
  AppendRefused("new_series", stored.series_over_limit, stored.first_over_limit, refused);
  return refused.empty() ? refused : "partly refused:" + refused;
}

}  // namespace

void PageImport::AddRoutes(net::Router& router) {
  const net::RouteOptions options{.body_bytes_max = options_.body_bytes_max};
  router.Add("POST", kPath, options,
             [this](const net::HttpRequest& request, const net::Responder& responder) {
               Handle(request, PushedLabels(), responder);
             });
  for (const std::string_view method : {"POST", "PUT"}) {
    for (const bool is_base64 : {false, true}) {
      router.Add(
          method, fmt::format("{}/metrics/job{}/{{labels...}}", kPath, is_base64 ? "@base64" : ""),
          options, [this, is_base64](const net::HttpRequest& request, const net::Responder& to) {
            Handle(request, GroupingLabels(request.PathParameter("labels"), is_base64), to);
          });
    }
  }
}

void PageImport::Handle(const net::HttpRequest& request, Result<PushedLabels> path_labels,
                        const net::Responder& responder) {
  ++counters_.requests;
  const Result<Page> page = ReadParameters(request, std::move(path_labels));
  if (!page.ok()) return Answer(WriteErrorResponse(page.status()), responder);
  std::unique_ptr<PushScratch> scratch = scratches_.Take();
  PushRequest push(options_, *scratch);
  Result<PageMetadata> metadata = ReadPage(request, *page, push);
  if (metadata.ok()) {
    Store(push.batch(), *std::move(metadata), RefusedRequests::KeyOf(request), responder);
  } else {
    Answer(WriteErrorResponse(metadata.status().WithContext("nothing was stored")), responder);
  }
  scratches_.Keep(std::move(scratch));
}

Result<PageImport::Page> PageImport::ReadParameters(const net::HttpRequest& request,
                                                    Result<PushedLabels> path_labels) {
  LUMA_ASSIGN_OR_RETURN(PushedLabels labels, std::move(path_labels));
  const std::optional<net::FormFields> parameters = net::FormFields::Parse(request.query);
  if (!parameters) return Status::InvalidArgument("bad encoding of the parameters");
  LUMA_ASSIGN_OR_RETURN(PushedLabels extra, ExtraLabels(*parameters));
  LUMA_ASSIGN_OR_RETURN(const UnixMillis time,
                        TimeOr(parameters->Get("timestamp"), clock_.NowMillis()));
  labels.insert(labels.end(), std::make_move_iterator(extra.begin()),
                std::make_move_iterator(extra.end()));
  return Page{.time = time, .labels = std::move(labels)};
}

Result<PageImport::PageMetadata> PageImport::ReadPage(const net::HttpRequest& http,
                                                      const Page& page, PushRequest& request) {
  LUMA_ASSIGN_OR_RETURN(const std::string_view text, request.Decode(http));
  LUMA_ASSIGN_OR_RETURN(const std::unique_ptr<PageParser> parser,
                        MakePageParser(http.Header("Content-Type"), text,
                                       {.fallback_media_type = "text/plain",
                                        .native_histograms = true,
                                        .classic_histograms = false}));
  PageReader reader(*parser, page.time, page.labels, request);
  LUMA_RETURN_IF_ERROR(reader.Read());
  counters_.exemplars_refused += reader.exemplars_refused();
  if (metadata_ == nullptr) return PageMetadata();
  const std::optional<std::string> lines = parser->MetadataLines(request.memory());
  return ReadMetadata(lines ? std::string_view(*lines) : text);
}

PageImport::PageMetadata PageImport::ReadMetadata(std::string_view lines) const {
  struct BookedList {
    MetadataList list;
    storage::BudgetLease memory;
  };
  const auto booked = std::make_shared<BookedList>();
  if (options_.budget != nullptr) {
    auto memory = options_.budget->Book(storage::BudgetUse::kIngest, PageMetadataBytesMax(lines));
    if (!memory.ok()) return nullptr;
    booked->memory = *std::move(memory);
  }
  booked->list = ReadPageMetadata(lines);
  return {booked, &booked->list};
}

void PageImport::KeepMetadata(const PageMetadata& metadata) {
  if (metadata == nullptr) return;
  for (const MetricMetadata& one : *metadata) {
    if (!metadata_->Add(one)) return;  // no more room
  }
}

void PageImport::Store(const SeriesBatch& batch, PageMetadata metadata, uint64_t key,
                       const net::Responder& responder) {
  sink_.Write(batch, [this, metadata = std::move(metadata), key,
                      responder](const Result<WriteSummary>& stored) {
    if (!stored.ok()) return Answer(WriteErrorResponse(stored.status()), responder);
    KeepMetadata(metadata);
    counters_.Count(*stored);
    std::string refused = Refused(*stored);
    Answer(refused.empty() ? net::HttpResponse{.status = 204}
                           : refused_.Answer(*stored, std::move(refused), key),
           responder);
  });
}

void PageImport::Answer(net::HttpResponse response, const net::Responder& responder) {
  counters_.CountAnswer(response.status);
  responder.Send(std::move(response));
}

}  // namespace luma::prom
