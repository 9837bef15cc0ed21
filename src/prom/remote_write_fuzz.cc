// Any body of POST /api/v1/write is stored or refused with a client error, never a 5xx.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "model/histogram_codec.h"
#include "prom/remote_write.h"
#include "prom/remote_write_decoder.h"
#include "prom/testing/limited_memory.h"

namespace {

// Checks what storage is handed. Knows about half of all series.
class CheckingSink final : public luma::MetricsSink {
 public:
  void Write(const luma::SeriesBatch& batch, luma::WriteCallback done) override {
    luma::WriteSummary summary;
    for (size_t i = 0; i < batch.size(); ++i) {
      const luma::SeriesBatch::Series series = batch.series(i);
      if (series.id == luma::kUnknownSeries) {
        LUMA_CHECK(luma::CheckCanonical(series.labels.canonical()).ok());
        LUMA_CHECK(!series.labels.metric_name().empty());
      }
      for (size_t j = 0; series.has_histograms() && j < series.samples.size(); ++j) {
        LUMA_CHECK(luma::DecodeHistogram(series.histogram(j)).ok());
      }
      summary.samples_stored += series.samples.size();
    }
    LUMA_CHECK(summary.samples_stored == batch.sample_count());
    done(summary);
  }
  void FindSeries(std::span<const luma::Hash128> hashes,
                  std::span<luma::SeriesId> ids) const override {
    for (size_t i = 0; i < ids.size(); ++i) ids[i] = luma::SeriesId{hashes[i].low & 1};
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CheckingSink sink;
  luma::prom::RemoteWriteHandler handler(sink);
  luma::net::HttpRequest request;
  request.headers = {{"Content-Type", "application/x-protobuf"}, {"Content-Encoding", "snappy"}};
  request.body = bytes;
  handler.Handle(std::move(request),
                 luma::net::Responder([](const luma::net::HttpResponse& response) {
                   LUMA_CHECK(response.status == 204 || response.status / 100 == 4);
                 }));
  // The same bytes without snappy, which a mutator seldom gets right.
  luma::SeriesBatch batch;
  luma::prom::RemoteWriteDecoder decoder;
  luma::prom::LimitedMemory memory;
  memory.limit = 64 << 20;
  static_cast<void>(decoder.Decode(bytes, sink, memory, batch).ok());
  return 0;
}
