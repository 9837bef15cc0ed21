#include "prom/remote_write.h"

#include <fmt/format.h>
#include <snappy.h>

#include <string>
#include <utility>

#include "prom/http_errors.h"
#include "prom/lease_memory.h"
#include "prom/remote_write_decoder.h"
#include "prom/remote_write_v2_decoder.h"
#include "prom/snappy_body.h"

namespace luma::prom {
namespace {

// Kept from request to request. Above this, memory goes back.
constexpr size_t kScratchBytesMax = 4 << 20;
// The message itself, and its labels and samples as a batch: about as large as the message.
constexpr uint64_t kMemoryPerDecodedByte = 2;

// Samples and exemplars have one reason in common, which says what it is of.
void AppendRefusedByStorage(const WriteSummary& stored, WriteVersion version, std::string& text) {
  const uint64_t samples = stored.samples_refused - stored.samples_over_limit;
  if (version == WriteVersion::kOne || stored.exemplars_refused == 0) {
    return AppendRefused("samples", samples, stored.first_refusal, text);
  }
  if (samples > 0) text += fmt::format(" samples={}", samples);
  AppendRefused("exemplars", stored.exemplars_refused, stored.first_refusal, text);
}

// What was refused of a request that storage has taken, and why; empty when nothing was.
std::string Refused(const WriteRequestSummary& request, const WriteSummary& stored,
                    WriteVersion version) {
  std::string refused;
  AppendRefused("series", request.series_refused, request.first_refusal, refused);
  AppendRefused("histograms", request.histograms_refused, request.first_bad_histogram, refused);
  if (version == WriteVersion::kTwo) {
    AppendRefused("exemplars", request.exemplars_refused, request.first_bad_exemplar, refused);
  }
  AppendRefusedByStorage(stored, version, refused);
  AppendRefused("new_series", stored.series_over_limit, stored.first_over_limit, refused);
  return refused.empty() ? refused : "partly refused:" + refused;
}

// Of what was stored; all zero for an error.
void AddWrittenHeaders(const WriteSummary& stored, net::HttpResponse& response) {
  const auto add = [&response](std::string_view what, uint64_t count) {
    response.headers.push_back(
        {fmt::format("X-Prometheus-Remote-Write-{}-Written", what), std::to_string(count)});
  };
  add("Samples", stored.samples_stored - stored.histograms_stored);
  add("Histograms", stored.histograms_stored);
  add("Exemplars", stored.exemplars_stored);
}

net::HttpResponse ErrorAnswer(const Status& status, WriteVersion version) {
  net::HttpResponse response = WriteErrorResponse(status);
  if (version == WriteVersion::kTwo) AddWrittenHeaders({}, response);
  return response;
}

// Histograms may be larger as they are stored than in the message.
Status BookHistograms(const SeriesBatch& batch, storage::BudgetLease& memory) {
  const uint64_t bytes = batch.allocated_bytes();
  if (batch.histogram_count() == 0 || memory.bytes() == 0 || bytes <= memory.bytes()) {
    return Status::Ok();
  }
  return memory.Grow(bytes - memory.bytes());
}

}  // namespace

struct RemoteWriteHandler::Scratch {
  std::string decoded;  // only grows, as growing clears
  SeriesBatch batch;
  RemoteWriteDecoder decoder;
  RemoteWriteV2Decoder decoder_v2;

  size_t allocated_bytes() const {
    return decoded.capacity() + batch.allocated_bytes() + decoder.allocated_bytes() +
           decoder_v2.allocated_bytes();
  }
  void Trim() {
    batch.Clear();
    if (allocated_bytes() <= kScratchBytesMax) return;
    decoded = std::string();
    batch = SeriesBatch();
    decoder = RemoteWriteDecoder();
    decoder_v2 = RemoteWriteV2Decoder();
  }
};

RemoteWriteHandler::RemoteWriteHandler(MetricsSink& sink, RemoteWriteOptions options)
    : sink_(sink), options_(options) {}

RemoteWriteHandler::~RemoteWriteHandler() = default;

void RemoteWriteHandler::AddRoutes(net::Router& router) {
  router.Add("POST", "/api/v1/write", {.body_bytes_max = options_.body_bytes_max},
             [this](net::HttpRequest request, net::Responder responder) {
               Handle(std::move(request), std::move(responder));
             });
}

void RemoteWriteHandler::Handle(net::HttpRequest request, net::Responder responder) {
  ++counters_.requests;
  const Result<WriteVersion> version = NegotiateWriteVersion(request);
  if (!version.ok()) {
    return Answer(net::TextResponse(415, std::string(version.status().message())), responder);
  }
  std::unique_ptr<Scratch> scratch = scratches_.Take();
  storage::BudgetLease memory;
  Result<WriteRequestSummary> summary = Decode(request.body, *version, *scratch, memory);
  if (summary.ok()) {
    Count(*summary);
    KeepMetadata(std::exchange(summary->metadata, {}));
    Store(*scratch, *version, *std::move(summary), RefusedRequests::KeyOf(request), responder);
  } else {
    Answer(ErrorAnswer(summary.status(), *version), responder);
  }
  scratches_.Keep(std::move(scratch));
}

void RemoteWriteHandler::Store(const Scratch& scratch, WriteVersion version,
                               WriteRequestSummary request, uint64_t key,
                               const net::Responder& responder) {
  sink_.Write(scratch.batch, [this, responder, version, key,
                              request = std::move(request)](Result<WriteSummary> stored) {
    if (!stored.ok()) return Answer(ErrorAnswer(stored.status(), version), responder);
    counters_.samples_stored += stored->samples_stored;
    counters_.samples_refused += stored->samples_refused;
    counters_.exemplars_stored += stored->exemplars_stored;
    counters_.exemplars_refused += stored->exemplars_refused;
    std::string refused = Refused(request, *stored, version);
    net::HttpResponse response = refused.empty()
                                     ? net::HttpResponse{.status = 204}
                                     : refused_.Answer(*stored, std::move(refused), key);
    if (version == WriteVersion::kTwo) AddWrittenHeaders(*stored, response);
    Answer(std::move(response), responder);
  });
}

Result<WriteRequestSummary> RemoteWriteHandler::Decode(std::string_view body, WriteVersion version,
                                                       Scratch& scratch,
                                                       storage::BudgetLease& memory) const {
  LUMA_ASSIGN_OR_RETURN(const size_t bytes, UncompressedBytes(body, options_.decoded_bytes_max));
  if (options_.budget != nullptr) {
    LUMA_ASSIGN_OR_RETURN(
        memory, options_.budget->Book(storage::BudgetUse::kIngest, bytes * kMemoryPerDecodedByte));
  }
  if (scratch.decoded.size() < bytes) scratch.decoded.resize(bytes);
  if (!snappy::RawUncompress(body.data(), body.size(), scratch.decoded.data())) {
    return Status::InvalidArgument("bad snappy: damaged data");
  }
  const auto message = std::string_view(scratch.decoded).substr(0, bytes);
  LeaseMemory more(options_.budget, memory);
  Result<WriteRequestSummary> summary =
      version == WriteVersion::kOne
          ? scratch.decoder.Decode(message, sink_, more, scratch.batch)
          : scratch.decoder_v2.Decode(message, sink_, more, scratch.batch);
  if (summary.ok()) LUMA_RETURN_IF_ERROR(BookHistograms(scratch.batch, memory));
  return summary;
}

void RemoteWriteHandler::Count(const WriteRequestSummary& request) {
  counters_.series_refused += request.series_refused;
  counters_.histograms_refused += request.histograms_refused;
  counters_.exemplars_refused += request.exemplars_refused;
  counters_.exemplars_ignored += request.exemplars_ignored;
  counters_.metadata_ignored += request.metadata_ignored;
}

void RemoteWriteHandler::KeepMetadata(MetadataList metadata) {
  for (MetricMetadata& one : metadata) {
    const bool kept = options_.metadata != nullptr && options_.metadata->Add(std::move(one));
    if (!kept) ++counters_.metadata_ignored;
  }
}

void RemoteWriteHandler::Answer(net::HttpResponse response, const net::Responder& responder) {
  const bool retried = response.status == 429 || response.status >= 500;
  if (retried) ++counters_.requests_failed;
  if (!retried && response.status >= 400) ++counters_.requests_refused;
  responder.Send(std::move(response));
}

}  // namespace luma::prom
