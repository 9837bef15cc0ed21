// Estimate: a line of 60 bytes is scanned once and its value parsed: some 50 ns, so 20 M samples a
// second and core.
#include <benchmark/benchmark.h>

#include <string>

#include "prom/scrape/text_parser.h"

namespace luma::prom {
namespace {

constexpr int kSeries = 1000;

void BM_Exposition(benchmark::State& state) {
  std::string page;
  for (int i = 0; i < kSeries; ++i) {
    page += "node_cpu_seconds_total{cpu=\"" + std::to_string(i) + "\",mode=\"idle\"} 12345.67\n";
  }
  for (auto _ : state) {
    TextParser parser(page, TextDialect::kPrometheus);
    while (parser.Next()) benchmark::DoNotOptimize(parser.sample().value);
  }
  state.SetItemsProcessed(state.iterations() * kSeries);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(page.size()));
}
BENCHMARK(BM_Exposition);

}  // namespace
}  // namespace luma::prom
