// A row group of a cold file against the same rows in blocks of a segment file: time to decode one
// column of 65,536 rows, bytes on disk; and time to write a run. Results: bench/results/cold.md.
//   build/bench/bin/luma_sql_bench --benchmark_filter=Cold
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <random>

#include "encoding/block.h"
#include "sql/parquet/testing/test_table.h"
#include "sql/parquet_format.h"

namespace luma::sql {
namespace {

constexpr uint32_t kRows = storage::kColdGroupRows;
constexpr uint32_t kBlockRows = 16'384;
constexpr uint32_t kSamplesPerSeries = 240;

template <typename T>
std::string RawOf(T value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
}

// Samples as the engine sorts them: by series, then by time.
TestColumn SeriesIds() {
  TestColumn column{"series_id", "UBIGINT", {}};
  for (uint64_t i = 0; i < kRows; ++i) column.values.emplace_back(RawOf(i / kSamplesPerSeries));
  return column;
}

TestColumn Times() {
  TestColumn column{"ts", "TIMESTAMP_MS", {}};
  std::mt19937_64 random(1);
  for (uint32_t i = 0; i < kRows; ++i) {
    const auto jitter = static_cast<int64_t>(random() % 10 == 0 ? random() % 5 : 0);
    column.values.emplace_back(
        RawOf(1'700'000'000'000 + int64_t{i % kSamplesPerSeries} * 15'000 + jitter));
  }
  return column;
}

TestColumn Gauge() {
  TestColumn column{"value", "DOUBLE", {}};
  std::mt19937_64 random(2);
  for (uint32_t i = 0; i < kRows; ++i) {
    column.values.emplace_back(RawOf(static_cast<double>(random() % 10'000) / 100));
  }
  return column;
}

TestColumn Words() {
  TestColumn column{"word", "VARCHAR", {}};
  std::mt19937_64 random(3);
  for (uint32_t i = 0; i < kRows; ++i) {
    column.values.emplace_back("a machine's name " + std::to_string(random() % 100));
  }
  return column;
}

constexpr TestColumn (*kColumns[])() = {SeriesIds, Times, Gauge, Words};

std::string FilePath() {
  return std::filesystem::temp_directory_path() / "luma_parquet_bench.parquet";
}

void WriteFile(storage::ColdFormat& format, const storage::ColdSource& source) {
  std::filesystem::remove(FilePath());
  if (!format.Write(source, FilePath()).ok()) std::abort();
}

std::shared_ptr<storage::ColdFormat> Format() {
  return MakeParquetFormat(io::FileSystem::Posix(), 512 << 20).value();
}

void BM_ColdGroup(benchmark::State& state) {
  TestTable table("bench", {kColumns[state.range(0)]()}, kBlockRows);
  const auto format = Format();
  WriteFile(*format, table.source());
  auto object =
      std::make_shared<MemoryObject>(io::ReadFile(io::FileSystem::Posix(), FilePath()).value());
  const auto file = format->Open(object, kRows).value();
  for (auto _ : state) {
    benchmark::DoNotOptimize(file->ReadGroup(table.source().columns[0], 0).value());
  }
  state.SetItemsProcessed(state.iterations() * kRows);
  state.counters["file_bytes"] = static_cast<double>(object->size_bytes());
  state.SetLabel(table.source().columns[0].name);
}
BENCHMARK(BM_ColdGroup)->DenseRange(0, std::ssize(kColumns) - 1);

void BM_ColdSegmentBlocks(benchmark::State& state) {
  TestTable table("bench", {kColumns[state.range(0)]()}, kBlockRows);
  const storage::ColdSource& source = table.source();
  const ColumnSchema& column = source.table->table->columns[0];
  std::vector<Bytes> blocks;
  size_t bytes = 0;
  for (uint32_t block = 0; block < source.run->block_count(); ++block) {
    BlockMemory memory;
    const StoredValues& values = table.columns()[0].values;
    const StoredValues part(values.begin() + block * kBlockRows,
                            values.begin() + (block + 1) * kBlockRows);
    PlaceValues(column.physical_type, part, memory);
    blocks.push_back(encoding::EncodeBlock(SpanOver(column.physical_type, part, memory),
                                           {.second_pass_zstd = true}));
    bytes += blocks.back().size();
  }
  for (auto _ : state) {
    for (const Bytes& block : blocks) {
      benchmark::DoNotOptimize(
          encoding::DecodeBlock(column.physical_type, kBlockRows, block).value());
    }
  }
  state.SetItemsProcessed(state.iterations() * kRows);
  state.counters["file_bytes"] = static_cast<double>(bytes);
  state.SetLabel(column.name);
}
BENCHMARK(BM_ColdSegmentBlocks)->DenseRange(0, std::ssize(kColumns) - 1);

void BM_ColdWrite(benchmark::State& state) {
  TestTable table("bench", {SeriesIds(), Times(), Gauge()}, kBlockRows);
  const auto format = Format();
  for (auto _ : state) WriteFile(*format, table.source());
  state.SetItemsProcessed(state.iterations() * kRows);
}
BENCHMARK(BM_ColdWrite);

}  // namespace
}  // namespace luma::sql
