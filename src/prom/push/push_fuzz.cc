// Pushed pages and lines, as the handlers get them: whatever is sent must end in an answer of the
// contract, and what reaches storage must be what storage may be given.
// The first byte says which route, type and encoding; the rest is the body.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/clock.h"
#include "model/labels.h"
#include "net/router.h"
#include "prom/push/influx_write.h"
#include "prom/push/page_import.h"

namespace {

class CheckingSink final : public luma::MetricsSink {
 public:
  void Write(const luma::SeriesBatch& batch, luma::WriteCallback done) override {
    luma::WriteSummary summary;
    size_t samples = 0;
    for (size_t i = 0; i < batch.size(); ++i) {
      const luma::SeriesBatch::Series series = batch.series(i);
      LUMA_CHECK(luma::CheckCanonical(series.labels.canonical()).ok());
      LUMA_CHECK(series.hash == series.labels.Hash());
      samples += series.samples.size();
    }
    LUMA_CHECK(samples == batch.sample_count());
    summary.samples_stored = samples;
    was_called = true;
    done(summary);
  }
  bool was_called = false;
};

struct Route {
  const char* path;
  const char* query;
  const char* content_type;
  bool stores_good_parts;  // of a request that is answered 400
};
constexpr Route kRoutes[] = {
    {"/write", "db=d&precision=s", "text/plain", true},
    {"/api/v2/write", "bucket=b&extra_label=host=x", "text/plain", true},
    {"/api/v1/import/prometheus", "timestamp=5&extra_label=job=x", "text/plain", false},
    {"/api/v1/import/prometheus", "", "application/openmetrics-text", false},
    {"/api/v1/import/prometheus", "", "application/vnd.google.protobuf", false},
    {"/api/v1/import/prometheus/metrics/job/a/b/c", "", "", false},
};
constexpr const char* kEncodings[] = {"", "", "", "gzip", "zstd", "snappy"};

struct Handlers {
  Handlers() {
    import.AddRoutes(router);
    influx.AddRoutes(router);
  }
  CheckingSink sink;
  luma::storage::MemoryBudget budget{64 << 20};
  luma::prom::PushOptions options{
      .body_bytes_max = 1 << 20, .decoded_bytes_max = 1 << 20, .budget = &budget};
  luma::prom::WrittenMetadata metadata;
  luma::prom::PageImport import{sink, luma::Clock::System(), options, &metadata};
  luma::prom::InfluxWrite influx{sink, luma::Clock::System(), options};
  luma::net::Router router;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* const handlers = new Handlers;
  if (size == 0) return 0;
  const Route& route = kRoutes[data[0] % std::size(kRoutes)];
  luma::net::HttpRequest request;
  request.method = "POST";
  request.query = route.query;
  request.headers = {{"Content-Type", route.content_type},
                     {"Content-Encoding", kEncodings[data[0] / 16 % std::size(kEncodings)]}};
  request.body = std::string(reinterpret_cast<const char*>(data) + 1, size - 1);
  luma::net::Router::Match match = handlers->router.Find("POST", route.path);
  request.path_parameters = std::move(match.parameters);
  handlers->sink.was_called = false;
  std::optional<int> status;
  match.route->handler(std::move(request),
                       luma::net::Responder([&](auto response) { status = response.status; }));
  LUMA_CHECK(status == 204 || status == 400 || status == 413 || status == 503);
  LUMA_CHECK(handlers->sink.was_called == (status == 204) || route.stores_good_parts);
  LUMA_CHECK(handlers->budget.booked_bytes() == 0);
  return 0;
}
