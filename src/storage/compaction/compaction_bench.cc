// What merges cost: throughput, write amplification, bytes per sample. The disk is in memory.
// Figures and estimates: bench/results/compaction.md.
#include <benchmark/benchmark.h>

#include <ctime>
#include <random>

#include "io/sim_disk.h"
#include "storage/metrics/sample_rows.h"
#include "storage/segment_metrics.h"
#include "storage/storage_engine.h"

namespace luma::storage {
namespace {

constexpr int kSeries = 2'000;
constexpr int kScrapesPerFlush = 20;  // every 15 s, flushed every 5 minutes
constexpr UnixMillis kInterval = 15'000;
constexpr UnixMillis kMidnight = 1'700'006'400'000;

// Half of the series are counters that mostly stand still, half are gauges with two decimals.
class SampleSource {
 public:
  RowBuffer NextFlush() {
    SampleRows rows(kSeries * kScrapesPerFlush);
    for (int scrape = 0; scrape < kScrapesPerFlush; ++scrape, now_ += kInterval) {
      for (int series = 0; series < kSeries; ++series) {
        rows.Add(SeriesId(series + 1), now_ + series % 50, Step(series));
      }
    }
    return std::move(rows).Finish();
  }

 private:
  double Step(int series) {
    double& value = values_[series];
    if (series % 2 == 0) return value += random_() % 4 == 0 ? random_() % 100 : 0;
    return value = 50 + static_cast<double>(random_() % 1000) / 100;
  }

  std::mt19937_64 random_{7};
  std::vector<double> values_ = std::vector<double>(kSeries);
  UnixMillis now_ = kMidnight;
};

// Of this thread: wall time would count what else the machine does.
double CpuSeconds() {
  timespec now{};
  LUMA_CHECK(::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// A day of flushes, each followed by the merges that are due. Timed is the CPU time of merges.
void BM_CompactADayOfSamples(benchmark::State& state) {
  const auto flushes = static_cast<int>(state.range(0));
  const SegmentMetrics& metrics = SegmentMetrics::Get();
  const uint64_t flushed_before = metrics.flush_written_bytes.Value();
  const uint64_t merged_before = metrics.merge_written_bytes.Value();
  const uint64_t read_before = metrics.merge_read_bytes.Value();
  const uint64_t rows_before = metrics.merged_rows.Value();
  const uint64_t merges_before = metrics.merges.Value();
  double final_bytes = 0;
  double segments = 0;
  for (auto _ : state) {
    io::SimDisk disk;
    const ManualClock clock(kMidnight);
    EngineOptions options{.data_dir = "/data"};
    options.wal_sync = WalSync::kOff;
    options.background_flush = false;
    auto engine = *StorageEngine::Open(options, disk, clock);
    SampleSource source;
    double merging_seconds = 0;
    for (int flush = 0; flush < flushes; ++flush) {
      auto transaction = engine->Begin();
      LUMA_CHECK(transaction->Append(kSamplesTableId, source.NextFlush()).ok());
      LUMA_CHECK(transaction->Commit().ok());
      transaction.reset();
      LUMA_CHECK(engine->Flush().ok());
      const double start = CpuSeconds();
      LUMA_CHECK(engine->Compact().ok());
      merging_seconds += CpuSeconds() - start;
    }
    state.SetIterationTime(merging_seconds);
    final_bytes += static_cast<double>(engine->Stats().warm_bytes);
    segments += static_cast<double>(engine->Stats().warm_segments);
  }
  const auto flushed = static_cast<double>(metrics.flush_written_bytes.Value() - flushed_before);
  const auto merged = static_cast<double>(metrics.merge_written_bytes.Value() - merged_before);
  const auto read = static_cast<double>(metrics.merge_read_bytes.Value() - read_before);
  const double samples =
      static_cast<double>(state.iterations()) * flushes * kSeries * kScrapesPerFlush;
  const auto per_iteration = benchmark::Counter::kAvgIterations;
  state.counters["write_amplification"] = (flushed + merged) / flushed;
  state.counters["flushed_bytes_per_sample"] = flushed / samples;
  state.counters["final_bytes_per_sample"] = final_bytes / samples;
  state.counters["segments"] = benchmark::Counter(segments, per_iteration);
  state.counters["merges"] = benchmark::Counter(
      static_cast<double>(metrics.merges.Value() - merges_before), per_iteration);
  state.counters["merged_rows"] = benchmark::Counter(
      static_cast<double>(metrics.merged_rows.Value() - rows_before), benchmark::Counter::kIsRate);
  state.counters["read_bytes"] = benchmark::Counter(read, benchmark::Counter::kIsRate);
  state.counters["written_bytes"] = benchmark::Counter(merged, benchmark::Counter::kIsRate);
}
BENCHMARK(BM_CompactADayOfSamples)
    ->ArgName("flushes")
    ->Arg(16)
    ->Arg(288)
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kSecond);

}  // namespace
}  // namespace luma::storage
