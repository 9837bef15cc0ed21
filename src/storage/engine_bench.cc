// What a transaction of one row, a read by key, a scan, a flush and a start cost. The disk is in
// memory unless the name says Posix. Figures and estimates: bench/results/engine.md.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "io/sim_disk.h"
#include "storage/engine.h"
#include "storage/run_version.h"
#include "storage/testing/test_rows.h"

namespace luma::storage {
namespace {

const ManualClock& BenchClock() {
  static const ManualClock clock(0);
  return clock;
}

EngineOptions BenchOptions(WalSync sync) {
  EngineOptions options{.data_dir = "/data"};
  options.wal_sync = sync;
  options.background_flush = false;
  options.memory_limit_bytes = 8ull << 30;
  return options;
}

// An engine with one table (key BIGINT PRIMARY KEY, text VARCHAR).
struct Bench {
  Bench(io::FileSystem& fs, const EngineOptions& options, bool has_key = true)
      : engine(*MultiTierStorage::Open(options, fs, BenchClock())) {
    auto transaction = engine->Begin();
    table = *transaction->CreateObject(TestTable({.has_key = has_key}));
    LUMA_CHECK(transaction->Commit().ok());
  }
  void Insert(int64_t first, int64_t count) const {
    std::vector<TestRow> rows;
    for (int64_t i = first; i < first + count; ++i) rows.push_back({i, "text of a row"});
    const TestColumns columns(rows);
    auto transaction = engine->Begin();
    LUMA_CHECK(transaction->Append(table, columns.spans()).ok());
    LUMA_CHECK(transaction->Commit().ok());
  }

  std::unique_ptr<MultiTierStorage> engine;
  ObjectId table{};
};

void InsertOneRowAtATime(benchmark::State& state, const Bench& bench) {
  int64_t key = 0;
  for (auto _ : state) bench.Insert(key++, 1);
  state.SetItemsProcessed(state.iterations());
}

void BM_InsertOneRow(benchmark::State& state) {
  io::SimDisk disk;
  InsertOneRowAtATime(state, Bench(disk, BenchOptions(WalSync::kOff), state.range(0) != 0));
}
BENCHMARK(BM_InsertOneRow)->ArgName("primary_key")->Arg(0)->Arg(1);

// On the disk that TMPDIR names.
void BM_PosixInsertOneRow(benchmark::State& state) {
  std::string directory = (std::filesystem::temp_directory_path() / "engine_bench.XXXXXX").string();
  LUMA_CHECK(mkdtemp(directory.data()) != nullptr);
  EngineOptions options = BenchOptions(static_cast<WalSync>(state.range(0)));
  options.data_dir = directory;
  InsertOneRowAtATime(state, Bench(io::FileSystem::Posix(), options));
  std::filesystem::remove_all(directory);
}
BENCHMARK(BM_PosixInsertOneRow)->ArgName("wal_sync")->Arg(0)->Arg(1)->Arg(2)->UseRealTime();

void BM_InsertBatch(benchmark::State& state) {
  io::SimDisk disk;
  const Bench bench(disk, BenchOptions(WalSync::kOff), state.range(1) != 0);
  int64_t key = 0;
  for (auto _ : state) {
    bench.Insert(key, state.range(0));
    key += state.range(0);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_InsertBatch)
    ->ArgNames({"rows", "primary_key"})
    ->Args({1000, 0})
    ->Args({1000, 1})
    ->Args({100'000, 0});

void BM_UpdateOneRow(benchmark::State& state) {
  io::SimDisk disk;
  const Bench bench(disk, BenchOptions(WalSync::kOff));
  bench.Insert(0, 10'000);
  int64_t next = 0;
  for (auto _ : state) {
    const int64_t key = next++ * 7919 % 10'000;
    const TestColumns row({{key, "another text"}});
    auto transaction = bench.engine->Begin();
    const auto found = *transaction->FindKeys(bench.table, 0, row.keys());
    LUMA_CHECK(transaction->Delete(bench.table, {{*found[0]}}).ok());
    LUMA_CHECK(transaction->Append(bench.table, row.spans()).ok());
    LUMA_CHECK(transaction->Commit().ok());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_UpdateOneRow);

// Begin, find the key, read both columns of the row.
void BM_ReadByKey(benchmark::State& state) {
  io::SimDisk disk;
  const Bench bench(disk, BenchOptions(WalSync::kOff));
  for (int64_t first = 0; first < 1'000'000; first += 10'000) bench.Insert(first, 10'000);
  if (state.range(0) != 0) LUMA_CHECK(bench.engine->Flush().ok());
  int64_t next = 0;
  for (auto _ : state) {
    const TestColumns wanted({{next++ * 7919 % 1'000'000, ""}});
    auto transaction = bench.engine->Begin();
    const auto found = *transaction->FindKeys(bench.table, 0, wanted.keys());
    const TableSnapshotPtr table = *transaction->Read(bench.table);
    const RunView& run = *table->FindRun(RunOf(*found[0]));
    const uint32_t block = FindBlock(run, PositionOf(*found[0]));
    for (const ColumnSchema& column : table->schema().columns) {
      const ColumnBlock values = *run.Read(column, block);
      benchmark::DoNotOptimize(ValueAt(values, PositionOf(*found[0]) - run.BlockStart(block)));
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_ReadByKey)->ArgName("flushed")->Arg(0)->Arg(1);

void BM_ScanSum(benchmark::State& state) {
  io::SimDisk disk;
  const Bench bench(disk, BenchOptions(WalSync::kOff), false);
  for (int64_t first = 0; first < 1'000'000; first += 10'000) bench.Insert(first, 10'000);
  if (state.range(0) != 0) LUMA_CHECK(bench.engine->Flush().ok());
  for (auto _ : state) {
    int64_t sum = 0;
    const TableSnapshotPtr table = *bench.engine->Read(bench.table);
    for (const auto& run : table->runs()) {
      for (uint32_t block = 0; block < run->block_count(); ++block) {
        const ColumnBlock values = *run->Read(table->schema().columns[0], block);
        for (uint32_t i = 0; i < values.flat.count; ++i) sum += values.flat.As<int64_t>()[i];
      }
    }
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * 1'000'000);
}
BENCHMARK(BM_ScanSum)->ArgName("flushed")->Arg(0)->Arg(1);

void BM_Flush(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    auto disk = std::make_unique<io::SimDisk>();
    auto bench = std::make_unique<Bench>(*disk, BenchOptions(WalSync::kOff), false);
    for (int64_t first = 0; first < 500'000; first += 10'000) bench->Insert(first, 10'000);
    state.ResumeTiming();
    LUMA_CHECK(bench->engine->Flush().ok());
    state.PauseTiming();
    bench.reset();
    disk.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * 500'000);
}
BENCHMARK(BM_Flush)->Unit(benchmark::kMillisecond);

// A start after commits of `rows` rows each, about 30 MB of log.
void BM_Recover(benchmark::State& state) {
  io::SimDisk disk;
  uint64_t log_bytes = 0;
  {
    const Bench bench(disk, BenchOptions(WalSync::kOff), false);
    const int64_t commits = 30'000'000 / (state.range(0) * 22 + 90);
    for (int64_t i = 0; i < commits; ++i) bench.Insert(i * state.range(0), state.range(0));
    log_bytes = bench.engine->Stats().wal_bytes;
    LUMA_CHECK(bench.engine->Close().ok());
  }
  for (auto _ : state) {
    io::SimDisk restarted = disk.Restart();
    LUMA_CHECK(MultiTierStorage::Open(BenchOptions(WalSync::kOff), restarted, BenchClock()).ok());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(log_bytes));
}
BENCHMARK(BM_Recover)->ArgName("rows")->Arg(1)->Arg(1000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace luma::storage
