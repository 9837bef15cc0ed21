// Any body of version 2.0 is stored or refused with a client error that says what was written; what
// storage is handed is what it may be handed.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "model/histogram_codec.h"
#include "prom/remote_write.h"
#include "prom/remote_write_v2_decoder.h"

namespace {

// Checks what storage is handed. Knows about half of all series.
class CheckingSink final : public luma::MetricsSink {
 public:
  void Write(const luma::SeriesBatch& batch, luma::WriteCallback done) override {
    luma::WriteSummary summary;
    for (size_t i = 0; i < batch.size(); ++i) Check(batch.series(i), summary);
    LUMA_CHECK(summary.samples_stored == batch.sample_count());
    done(summary);
  }
  void FindSeries(std::span<const luma::Hash128> hashes,
                  std::span<luma::SeriesId> ids) const override {
    for (size_t i = 0; i < ids.size(); ++i) ids[i] = luma::SeriesId{hashes[i].low & 1};
  }

 private:
  static void Check(const luma::SeriesBatch::Series& series, luma::WriteSummary& summary) {
    if (series.id == luma::kUnknownSeries) {
      LUMA_CHECK(luma::CheckCanonical(series.labels.canonical()).ok());
      LUMA_CHECK(!series.labels.metric_name().empty());
    }
    for (size_t i = 0; series.has_histograms() && i < series.samples.size(); ++i) {
      LUMA_CHECK(luma::DecodeHistogram(series.histogram(i)).ok());
    }
    for (const luma::SeriesBatch::StartTime& start : series.start_times) {
      LUMA_CHECK(start.sample < series.samples.size() && start.start != 0);
    }
    for (const luma::SeriesBatch::Exemplar& one : series.exemplars) {
      LUMA_CHECK(luma::CheckCanonical(series.labels_of(one).canonical()).ok());
    }
    summary.samples_stored += series.samples.size();
    summary.exemplars_stored += series.exemplars.size();
  }
};

// Gives so much beside what a message itself takes.
class BoundedMemory final : public luma::ResultMemory {
 public:
  luma::Status Book(uint64_t bytes) override {
    booked_ += bytes;
    return booked_ <= (64 << 20) ? luma::Status::Ok() : luma::Status::OutOfMemory("no more");
  }

 private:
  uint64_t booked_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CheckingSink sink;
  luma::prom::RemoteWriteHandler handler(sink);
  luma::net::HttpRequest request;
  request.headers = {
      {"Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request"},
      {"Content-Encoding", "snappy"}};
  request.body = bytes;
  handler.Handle(std::move(request),
                 luma::net::Responder([](const luma::net::HttpResponse& response) {
                   LUMA_CHECK(response.status == 204 || response.status / 100 == 4);
                   LUMA_CHECK(response.headers.size() >= 3);
                 }));
  // The same bytes without snappy, which a mutator seldom gets right.
  luma::SeriesBatch batch;
  BoundedMemory memory;
  luma::prom::RemoteWriteV2Decoder decoder;
  if (decoder.Decode(bytes, sink, memory, batch).ok()) {
    sink.Write(batch, [](const luma::Result<luma::WriteSummary>&) {});
  }
  return 0;
}
