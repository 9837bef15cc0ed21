#include "prom/remote_read.h"

#include <snappy.h>

#include <string>
#include <utility>
#include <vector>

#include "prom/remote_read_response.h"
#include "prom/snappy_body.h"

namespace luma::prom {
namespace {

constexpr uint64_t kBodyBytesMax = 1 << 20;

// A reader repeats nothing by itself: what matters is whose fault it was.
net::HttpResponse ErrorText(const Status& status) {
  switch (status.code()) {
    case StatusCode::kInvalidArgument:
    case StatusCode::kTooLarge:
      return net::TextResponse(400, std::string(status.message()));
    case StatusCode::kOutOfMemory:
    case StatusCode::kTimeout:
    case StatusCode::kUnavailable:
    case StatusCode::kTooManyRequests: {
      net::HttpResponse response = net::TextResponse(503, std::string(status.message()));
      response.headers.push_back({"Retry-After", "1"});
      return response;
    }
    default:
      return net::TextResponse(500, std::string(status.message()));
  }
}

Result<std::string> Uncompressed(std::string_view body, uint64_t bytes_max) {
  LUMA_ASSIGN_OR_RETURN(const size_t bytes, UncompressedBytes(body, bytes_max));
  std::string message(bytes, '\0');
  if (!snappy::RawUncompress(body.data(), body.size(), message.data())) {
    return Status::InvalidArgument("bad snappy: damaged data");
  }
  return message;
}

// Leaves the samples that were asked for: rolled-up ones may lie beyond either end.
void KeepSamplesIn(TimeRange range, SeriesSamples& series) {
  size_t kept = 0;
  for (size_t i = 0; i < series.timestamps.size(); ++i) {
    const UnixMillis time = series.timestamps[i];
    if (time < range.min || time > range.max) continue;
    if (!series.histograms.empty()) series.histograms[kept] = series.histograms[i];
    series.timestamps[kept] = time;
    series.values[kept++] = series.values[i];
  }
  series.timestamps.resize(kept);
  series.values.resize(kept);
  if (!series.histograms.empty()) series.histograms.resize(kept);
}

Result<std::vector<SeriesSamples>> ReadSamples(const MetricsSource& source, const ReadQuery& query,
                                               const ReadLimits& limits) {
  LUMA_ASSIGN_OR_RETURN(std::vector<SeriesSamples> series,
                        source.Select(query.matchers, query.range, limits));
  for (SeriesSamples& one : series) KeepSamplesIn(query.range, one);
  std::erase_if(series, [](const SeriesSamples& one) { return one.timestamps.empty(); });
  return series;
}

}  // namespace

void RemoteReadHandler::AddRoutes(net::Router& router) {
  router.Add("POST", "/api/v1/read", {.body_bytes_max = kBodyBytesMax, .workers = options_.workers},
             [this](const net::HttpRequest& request, const net::Responder& responder) {
               responder.Send(Handle(request.body, request.peer));
             });
}

net::HttpResponse RemoteReadHandler::Handle(std::string_view body, net::PeerWatch peer) const {
  const auto memory = std::make_shared<QueryMemory>(options_.budget, cancelled_, peer);
  Result<net::HttpResponse> response = Read(body, *memory);
  if (!response.ok()) return ErrorText(response.status());
  response->memory = memory;
  return *std::move(response);
}

Result<net::HttpResponse> RemoteReadHandler::Read(std::string_view body,
                                                  QueryMemory& memory) const {
  LUMA_ASSIGN_OR_RETURN(const std::string message, Uncompressed(body, options_.decoded_bytes_max));
  LUMA_ASSIGN_OR_RETURN(const ReadRequest request, DecodeReadRequest(message));
  const ReadLimits limits{.samples_max = options_.samples_max,
                          .deadline = std::chrono::steady_clock::now() + options_.timeout,
                          .memory = &memory};
  net::HttpResponse response;
  if (request.chunks) {
    response.content_type = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";
    LUMA_ASSIGN_OR_RETURN(response.body, Frames(request, limits));
  } else {
    response.content_type = "application/x-protobuf";
    response.headers.push_back({"Content-Encoding", "snappy"});
    LUMA_ASSIGN_OR_RETURN(response.body, Samples(request, limits));
  }
  return response;
}

Result<std::string> RemoteReadHandler::Samples(const ReadRequest& request,
                                               const ReadLimits& limits) const {
  std::string message;
  for (const ReadQuery& query : request.queries) {
    LUMA_ASSIGN_OR_RETURN(const std::vector<SeriesSamples> series,
                          ReadSamples(source_, query, limits));
    const size_t before = message.size();
    AppendReadResult(series, message);
    LUMA_RETURN_IF_ERROR(limits.memory->Book(message.size() - before));
  }
  LUMA_RETURN_IF_ERROR(limits.memory->Book(snappy::MaxCompressedLength(message.size())));
  std::string compressed;
  snappy::Compress(message.data(), message.size(), &compressed);
  return compressed;
}

Result<std::string> RemoteReadHandler::Frames(const ReadRequest& request,
                                              const ReadLimits& limits) const {
  std::string stream;
  for (size_t i = 0; i < request.queries.size(); ++i) {
    const ReadQuery& query = request.queries[i];
    LUMA_ASSIGN_OR_RETURN(const std::vector<SeriesSamples> series,
                          ReadSamples(source_, query, limits));
    const size_t before = stream.size();
    AppendReadFrames(series, i, stream);
    LUMA_RETURN_IF_ERROR(limits.memory->Book(stream.size() - before));
  }
  return stream;
}

}  // namespace luma::prom
