// Pushed text on its way into a batch, without storage.
//
// Estimate: a line of Telegraf's cpu has 10 fields and 300 bytes: read once (300 ns), then for each
// field 80 bytes of labels are copied, checked and hashed (100 ns): 1.3 us a line, 8 M samples/s.
// A page has its labels to read for each sample: 80 bytes, 250 ns, 4 M samples/s.
#include <benchmark/benchmark.h>

#include <string>

#include "prom/push/line_decoder.h"
#include "prom/push/page_import.h"
#include "prom/push/push_request.h"

namespace luma::prom {
namespace {

constexpr int kLines = 1000;  // Telegraf's metric_batch_size
constexpr int kFieldsPerLine = 10;

std::string TelegrafCpu() {
  std::string lines;
  for (int i = 0; i < kLines; ++i) {
    lines += "cpu,cpu=cpu" + std::to_string(i) + ",dc=eu-west-1,host=web-17.example.org ";
    for (const std::string_view field : {"user", "system", "idle", "active", "nice", "iowait",
                                         "irq", "softirq", "steal", "guest"}) {
      lines += "usage_" + std::string(field) + "=12.345678901,";
    }
    lines.back() = ' ';
    lines += "1700000000000000000\n";
  }
  return lines;
}

std::string NodeExporterPage() {
  std::string page;
  for (int i = 0; i < kLines * kFieldsPerLine; ++i) {
    page += "node_cpu_seconds_total{cpu=\"" + std::to_string(i) +
            "\",mode=\"idle\",instance=\"web-17.example.org:9100\"} 12345.67\n";
  }
  return page;
}

class CountingSink final : public MetricsSink {
 public:
  void Write(const SeriesBatch& batch, WriteCallback done) override {
    WriteSummary summary;
    summary.samples_stored = batch.sample_count();
    done(summary);
  }
};

// Only the parser.
void BM_ParseLines(benchmark::State& state) {
  const std::string lines = TelegrafCpu();
  for (auto _ : state) {
    LineParser parser(lines);
    while (parser.Next() == LineParser::Event::kPoint) {
      benchmark::DoNotOptimize(parser.fields().data());
    }
  }
  state.SetItemsProcessed(state.iterations() * kLines * kFieldsPerLine);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(lines.size()));
}
BENCHMARK(BM_ParseLines);

void BM_DecodeLines(benchmark::State& state) {
  const std::string lines = TelegrafCpu();
  const PushOptions options;
  const PushedLabels no_labels;
  const LineDecodeOptions decode{.database = "telegraf", .extra_labels = no_labels};
  PushScratch scratch;
  for (auto _ : state) {
    scratch.batch.Clear();
    PushRequest request(options, scratch);
    benchmark::DoNotOptimize(request.Decode({}).ok());
    benchmark::DoNotOptimize(LineDecoder(decode, request).Decode(lines).ok());
  }
  state.SetItemsProcessed(state.iterations() * kLines * kFieldsPerLine);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(lines.size()));
}
BENCHMARK(BM_DecodeLines);

// The whole request but for the server and storage.
void BM_ImportPage(benchmark::State& state) {
  const std::string page = NodeExporterPage();
  CountingSink sink;
  PageImport import(sink, Clock::System(), {});
  net::Router router;
  import.AddRoutes(router);
  const net::Router::Match match = router.Find("POST", "/api/v1/import/prometheus");
  for (auto _ : state) {
    net::HttpRequest request;
    request.body = page;
    match.route->handler(std::move(request), net::Responder([](net::HttpResponse response) {
                           benchmark::DoNotOptimize(response.status);
                         }));
  }
  state.SetItemsProcessed(state.iterations() * kLines * kFieldsPerLine);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(page.size()));
}
BENCHMARK(BM_ImportPage);

}  // namespace
}  // namespace luma::prom
