// What one sample costs on its way in, without a disk: the log goes to memory and is not synced.
// Figures and estimates: bench/results/metrics_store.md.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <atomic>
#include <string>

#include "io/sim_disk.h"
#include "storage/metrics/metrics_store.h"

namespace luma::storage {
namespace {

constexpr UnixMillis kStart = 1'700'000'000'000;

// Eight labels, as node_exporter behind a Kubernetes scrape has them; 20 series for each pod.
Labels BenchLabels(int i) {
  const std::string pod = "node-exporter-" + std::to_string(i / 20);
  const std::string instance = "10.0." + std::to_string(i / 5000) + "." + std::to_string(i / 20);
  const std::string cpu = std::to_string(i % 20);
  return *Labels::Of({{"__name__", "node_cpu_seconds_total"},
                      {"cpu", cpu},
                      {"instance", instance},
                      {"job", "node-exporter"},
                      {"mode", i % 2 == 0 ? "idle" : "user"},
                      {"namespace", "monitoring"},
                      {"pod", pod},
                      {"region", "eu-central-1"}});
}

struct Bench {
  explicit Bench(uint64_t memory_bytes = 4ull << 30) {
    EngineOptions options{.data_dir = "/data"};
    options.wal_sync = WalSync::kOff;
    options.background_flush = false;
    options.memory_limit_bytes = memory_bytes;
    engine = *MultiTierStorage::Open(options, disk, clock);
    store = *MetricsStore::Open(*engine);
  }
  void Write(const SeriesBatch& batch) {
    std::atomic<bool> done = false;
    store->Write(batch, [&](const Result<WriteSummary>& result) {
      LUMA_CHECK(result.ok());
      done = true;
      done.notify_one();
    });
    done.wait(false);
  }

  io::SimDisk disk;
  ManualClock clock{kStart};
  std::unique_ptr<MultiTierStorage> engine;
  std::unique_ptr<MetricsStore> store;
};

void FillBatch(const std::vector<Labels>& labels, UnixMillis now, SeriesBatch& batch) {
  batch.Clear();
  for (const Labels& of_series : labels) {
    batch.StartSeries(of_series);
    batch.AddSample({now, 0.5 * static_cast<double>(now % 1000)});
  }
}

std::vector<Labels> ManyLabels(int64_t count) {
  std::vector<Labels> labels;
  for (int i = 0; i < count; ++i) labels.push_back(BenchLabels(i));
  return labels;
}

// range(0): series of a request, one sample each, as Prometheus sends them. All threads count.
void BM_WriteOneSamplePerSeries(benchmark::State& state) {
  Bench bench;
  const std::vector<Labels> labels = ManyLabels(state.range(0));
  SeriesBatch batch;
  UnixMillis now = kStart;
  FillBatch(labels, now, batch);
  bench.Write(batch);  // creates the series and the first log files
  for (auto _ : state) {
    state.PauseTiming();
    FillBatch(labels, ++now, batch);
    state.ResumeTiming();
    bench.Write(batch);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_WriteOneSamplePerSeries)
    ->Arg(500)
    ->Arg(2000)
    ->Arg(10000)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

// range(0): series of a request that are all new.
void BM_WriteNewSeries(benchmark::State& state) {
  Bench bench;
  const int64_t count = state.range(0);
  SeriesBatch batch;
  int64_t created = 0;
  for (auto _ : state) {
    state.PauseTiming();
    batch.Clear();
    for (const int64_t end = created + count; created < end; ++created) {
      batch.StartSeries(BenchLabels(static_cast<int>(created)));
      batch.AddSample({kStart, 1});
    }
    state.ResumeTiming();
    bench.Write(batch);
  }
  state.SetItemsProcessed(created);
}
BENCHMARK(BM_WriteNewSeries)->Arg(2000)->MeasureProcessCPUTime()->UseRealTime()->Iterations(100);

// Lookup of known series and newest timestamps alone.
void BM_ResolveAndAdvance(benchmark::State& state) {
  SeriesRegistry registry;
  SeriesBatch batch;
  for (int i = 0; i < 2000; ++i) {
    const Labels labels = BenchLabels(i);
    const SeriesRegistry::Addition addition = {.id = SeriesId{static_cast<uint64_t>(i) + 1},
                                               .labels = labels,
                                               .hash = labels.Hash(),
                                               .newest = SeriesRegistry::kNoSample};
    LUMA_CHECK(registry.Add({&addition, 1}).ok());
  }
  const std::vector<Labels> all_labels = ManyLabels(2000);
  std::vector<SeriesId> ids;
  UnixMillis now = kStart;
  for (auto _ : state) {
    state.PauseTiming();
    FillBatch(all_labels, ++now, batch);
    state.ResumeTiming();
    LUMA_CHECK(registry.Resolve(batch, ids) == 0);
    LUMA_CHECK(registry.Advance(batch, ids));
  }
  state.SetItemsProcessed(state.iterations() * 2000);
}
BENCHMARK(BM_ResolveAndAdvance);

// Memory of the registry for each series, as the allocator counts it.
void BM_SeriesMemory(benchmark::State& state) {
  const auto count = static_cast<int>(state.range(0));
  for (auto _ : state) {
    const size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    SeriesRegistry registry;
    for (int i = 0; i < count; ++i) {
      const Labels labels = BenchLabels(i);
      const SeriesRegistry::Addition addition = {.id = SeriesId{static_cast<uint64_t>(i) + 1},
                                                 .labels = labels,
                                                 .hash = labels.Hash(),
                                                 .newest = SeriesRegistry::kNoSample};
      LUMA_CHECK(registry.Add({&addition, 1}).ok());
    }
    const size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
    state.counters["bytes_per_series"] = static_cast<double>(after - before) / count;
    state.counters["own_count"] = static_cast<double>(registry.allocated_bytes()) / count;
  }
  state.SetItemsProcessed(state.iterations() * count);
}
BENCHMARK(BM_SeriesMemory)->Arg(10'000)->Arg(100'000)->Arg(1'000'000)->Iterations(1);

// range(0): series selected out of 2,000 with 500 samples each, all in memory.
void BM_SelectHot(benchmark::State& state) {
  Bench bench;
  const std::vector<Labels> labels = ManyLabels(2000);
  SeriesBatch batch;
  for (int step = 0; step < 500; ++step) {
    FillBatch(labels, kStart + step, batch);
    bench.Write(batch);
  }
  Matchers matchers;
  if (state.range(0) == 20) {
    matchers.push_back(*Matcher::Create("pod", MatchOp::kEqual, "node-exporter-7"));
  }
  uint64_t samples = 0;
  for (auto _ : state) {
    const auto result = bench.store->Select(matchers, {}, {});
    LUMA_CHECK(result.ok());
    samples = 0;
    for (const SeriesSamples& series : *result) samples += series.timestamps.size();
  }
  state.counters["samples"] = static_cast<double>(samples);
}
BENCHMARK(BM_SelectHot)->Arg(20)->Arg(2000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace luma::storage
