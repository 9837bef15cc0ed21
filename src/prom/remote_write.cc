#include "prom/remote_write.h"

#include <snappy.h>

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "prom/http_errors.h"
#include "prom/remote_write_decoder.h"
#include "prom/snappy_body.h"

namespace luma::prom {
namespace {

// Kept from request to request. Above this, memory goes back.
constexpr size_t kScratchBytesMax = 4 << 20;
// The message itself, and its labels and samples as a batch: about as large as the message.
constexpr uint64_t kMemoryPerDecodedByte = 2;

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// True for application/x-protobuf, alone or with proto=prometheus.WriteRequest. A sender that says
// nothing means that, and snappy, as Prometheus takes it.
bool IsVersionOne(std::string_view content_type) {
  size_t semicolon = std::min(content_type.find(';'), content_type.size());
  if (!net::EqualsIgnoringCase(Trimmed(content_type.substr(0, semicolon)),
                               "application/x-protobuf")) {
    return false;
  }
  while (semicolon < content_type.size()) {
    content_type.remove_prefix(semicolon + 1);
    semicolon = std::min(content_type.find(';'), content_type.size());
    const std::string_view parameter = Trimmed(content_type.substr(0, semicolon));
    if (parameter.starts_with("proto=") && parameter != "proto=prometheus.WriteRequest") {
      return false;
    }
  }
  return true;
}

Status CheckHeaders(const net::HttpRequest& request) {
  const std::string_view type = request.Header("Content-Type");
  if (!type.empty() && !IsVersionOne(type)) {
    return Status::Unsupported("unsupported content type: want=application/x-protobuf got=", type);
  }
  const std::string_view encoding = request.Header("Content-Encoding");
  if (!encoding.empty() && !net::EqualsIgnoringCase(encoding, "snappy")) {
    return Status::Unsupported("unsupported content encoding: want=snappy got=", encoding);
  }
  return Status::Ok();
}

// The answer to a request that storage has taken; 204 when nothing of it was lost.
net::HttpResponse StoredResponse(const WriteRequestSummary& request, const WriteSummary& stored) {
  if (request.series_refused + request.histograms_refused + stored.samples_refused == 0) {
    return {.status = 204};
  }
  std::string text = "partly refused:";
  if (request.series_refused > 0) {
    text +=
        " series=" + std::to_string(request.series_refused) + " (" + request.first_refusal + ")";
  }
  if (request.histograms_refused > 0) {
    text += " histograms=" + std::to_string(request.histograms_refused) + " (" +
            request.first_bad_histogram + ")";
  }
  if (stored.samples_refused > 0) {
    text +=
        " samples=" + std::to_string(stored.samples_refused) + " (" + stored.first_refusal + ")";
  }
  return net::TextResponse(400, std::move(text));
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

  void Trim() {
    batch.Clear();
    if (decoded.capacity() + batch.allocated_bytes() + decoder.allocated_bytes() <=
        kScratchBytesMax) {
      return;
    }
    decoded = std::string();
    batch = SeriesBatch();
    decoder = RemoteWriteDecoder();
  }
};

// A request is decoded without waiting for anything, so that one for each core is in use, mostly.
// One for each of the eight threads that answer requests took 12 MiB.
RemoteWriteHandler::RemoteWriteHandler(MetricsSink& sink, RemoteWriteOptions options)
    : sink_(sink),
      options_(options),
      scratches_max_(std::max(1U, std::thread::hardware_concurrency())) {}

RemoteWriteHandler::~RemoteWriteHandler() = default;

std::unique_ptr<RemoteWriteHandler::Scratch> RemoteWriteHandler::TakeScratch() {
  MutexLock lock(scratch_mutex_);
  if (scratches_.empty()) return std::make_unique<Scratch>();
  std::unique_ptr<Scratch> scratch = std::move(scratches_.back());
  scratches_.pop_back();
  return scratch;
}

void RemoteWriteHandler::Keep(std::unique_ptr<Scratch> scratch) {
  scratch->Trim();
  MutexLock lock(scratch_mutex_);
  if (scratches_.size() < scratches_max_) scratches_.push_back(std::move(scratch));
}

void RemoteWriteHandler::AddRoutes(net::Router& router) {
  router.Add("POST", "/api/v1/write", {.body_bytes_max = options_.body_bytes_max},
             [this](net::HttpRequest request, net::Responder responder) {
               Handle(std::move(request), std::move(responder));
             });
}

void RemoteWriteHandler::Handle(net::HttpRequest request, net::Responder responder) {
  ++counters_.requests;
  if (const Status status = CheckHeaders(request); !status.ok()) {
    return Answer(net::TextResponse(415, std::string(status.message())), responder);
  }
  std::unique_ptr<Scratch> scratch = TakeScratch();
  storage::BudgetLease memory;
  Result<WriteRequestSummary> summary = Decode(request.body, *scratch, memory);
  if (summary.ok()) {
    Count(*summary);
    KeepMetadata(std::exchange(summary->metadata, {}));
    sink_.Write(scratch->batch, [this, responder, summary = *summary](Result<WriteSummary> stored) {
      if (!stored.ok()) return Answer(WriteErrorResponse(stored.status()), responder);
      counters_.samples_stored += stored->samples_stored;
      counters_.samples_refused += stored->samples_refused;
      Answer(StoredResponse(summary, *stored), responder);
    });
  } else {
    Answer(WriteErrorResponse(summary.status()), responder);
  }
  Keep(std::move(scratch));
}

Result<WriteRequestSummary> RemoteWriteHandler::Decode(std::string_view body, Scratch& scratch,
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
  Result<WriteRequestSummary> summary = scratch.decoder.Decode(
      std::string_view(scratch.decoded).substr(0, bytes), sink_, scratch.batch);
  if (summary.ok()) LUMA_RETURN_IF_ERROR(BookHistograms(scratch.batch, memory));
  return summary;
}

void RemoteWriteHandler::Count(const WriteRequestSummary& request) {
  counters_.series_refused += request.series_refused;
  counters_.histograms_refused += request.histograms_refused;
  counters_.exemplars_ignored += request.exemplars;
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
