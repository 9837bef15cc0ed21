// Encode and decode speed (values per second) and size (bits per value) of each codec on the kind
// of data it is for, over one block of 16384 rows; then the choice among them (kCompact and kFast).
//   build/bench/bin/luma_encoding_bench --benchmark_counters_tabular=true
#include <benchmark/benchmark.h>

#include <bit>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "encoding/block.h"
#include "encoding/testing/random_column.h"

namespace luma::encoding {
namespace {

using testing::OwnedColumn;

constexpr uint32_t kRows = 16384;
constexpr uint32_t kSamplesPerSeries = 240;  // one hour of a scrape every 15 s

// Timestamps in the order of the samples table: by series, then by time.
OwnedColumn Timestamps(int64_t jitter_millis, double jitter_share) {
  std::mt19937_64 random(1);
  std::vector<int64_t> values(kRows);
  for (uint32_t i = 0; i < kRows; ++i) {
    values[i] = 1'700'000'000'000 + int64_t{i % kSamplesPerSeries} * 15'000;
    if (static_cast<double>(random() % 1000) < jitter_share * 1000) {
      values[i] += static_cast<int64_t>(random() % (2 * jitter_millis + 1)) - jitter_millis;
    }
  }
  return OwnedColumn::Of(PhysicalType::kInt64, values);
}
OwnedColumn RegularTimestamps() { return Timestamps(1, 0); }
OwnedColumn JitteredTimestamps() { return Timestamps(2, 0.1); }

OwnedColumn SeriesIds() {
  std::vector<uint64_t> values(kRows);
  for (uint32_t i = 0; i < kRows; ++i) values[i] = 77 + 13 * (i / kSamplesPerSeries);
  return OwnedColumn::Of(PhysicalType::kUInt64, values);
}

OwnedColumn RandomIntegers() {
  std::mt19937_64 random(2);
  std::vector<int64_t> values(kRows);
  for (int64_t& value : values) value = 1'000'000 + static_cast<int64_t>(random() % 5000);
  return OwnedColumn::Of(PhysicalType::kInt64, values);
}

OwnedColumn GrowingIntegers() {
  std::mt19937_64 random(3);
  std::vector<int64_t> values(kRows);
  for (uint32_t i = 1; i < kRows; ++i)
    values[i] = values[i - 1] + static_cast<int64_t>(random() % 16);
  return OwnedColumn::Of(PhysicalType::kInt64, values);
}

OwnedColumn IntegerCounter() {
  std::mt19937_64 random(4);
  std::vector<double> values(kRows);
  for (uint32_t i = 1; i < kRows; ++i) {
    values[i] = i % kSamplesPerSeries == 0 ? 0 : values[i - 1] + static_cast<double>(random() % 40);
  }
  return OwnedColumn::Of(PhysicalType::kFloat64, values);
}

OwnedColumn DecimalGauge() {
  std::mt19937_64 random(5);
  std::vector<double> values(kRows);
  for (double& value : values) value = static_cast<double>(2000 + random() % 300) / 100;
  return OwnedColumn::Of(PhysicalType::kFloat64, values);
}

// The same with a value far below in each vector, and one that is no decimal before the first.
OwnedColumn GaugeWithLowOutliers() {
  std::mt19937_64 random(5);
  std::vector<double> values(kRows);
  for (uint32_t i = 0; i < kRows; ++i) {
    values[i] = i % 1000 == 500 ? 0 : static_cast<double>(500'000 + random() % 300) / 100;
  }
  return OwnedColumn::Of(PhysicalType::kFloat64, values);
}
OwnedColumn GaugeAfterAGap() {
  std::mt19937_64 random(5);
  std::vector<double> values(kRows);
  for (double& value : values) value = static_cast<double>(500'000 + random() % 300) / 100;
  values[0] = std::nan("");
  return OwnedColumn::Of(PhysicalType::kFloat64, values);
}

OwnedColumn MostlyIdleGauge() {
  std::mt19937_64 random(6);
  std::vector<double> values(kRows, 1);
  for (uint32_t i = 1; i < kRows; ++i) {
    values[i] = random() % 100 == 0 ? static_cast<double>(random() % 10) : values[i - 1];
  }
  return OwnedColumn::Of(PhysicalType::kFloat64, values);
}

OwnedColumn NoiseDoubles() {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> unit(0, 1);
  std::vector<double> values(kRows);
  for (double& value : values) value = unit(random);
  return OwnedColumn::Of(PhysicalType::kFloat64, values);
}

OwnedColumn FewStrings() {
  std::mt19937_64 random(8);
  static const char* const kMethods[] = {"GET", "POST", "PUT", "DELETE", "a longer method name"};
  std::vector<std::string> texts(kRows);
  for (std::string& text : texts) text = kMethods[random() % 5];
  return OwnedColumn::OfStrings(std::move(texts));
}

OwnedColumn LogLines() {
  std::mt19937_64 random(9);
  std::vector<std::string> texts(kRows);
  for (std::string& text : texts) {
    text = "level=info msg=\"request done\" path=/api/v1/items/" +
           std::to_string(random() % 100000) + " status=" + (random() % 50 == 0 ? "500" : "200") +
           " duration_ms=" + std::to_string(random() % 300);
  }
  return OwnedColumn::OfStrings(std::move(texts));
}

using MakeColumn = OwnedColumn (*)();

void Report(benchmark::State& state, const Bytes& bytes) {
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * kRows);
  state.counters["bits/value"] = 8.0 * static_cast<double>(bytes.size()) / kRows;
  state.SetLabel(std::string(CodecName(DescribeBlock(bytes)->codec)));
}

void Encode(benchmark::State& state, MakeColumn make, EncodeOptions options) {
  const OwnedColumn column = make();
  Bytes bytes;
  for (auto _ : state) {
    bytes.clear();
    AppendBlock(column.span(), options, bytes);
    benchmark::DoNotOptimize(bytes.data());
  }
  Report(state, bytes);
}

void Decode(benchmark::State& state, MakeColumn make, EncodeOptions options) {
  const OwnedColumn column = make();
  const Bytes bytes = EncodeBlock(column.span(), options);
  for (auto _ : state) {
    const auto block = DecodeBlock(column.span().type, kRows, bytes);
    benchmark::DoNotOptimize(block->values());
  }
  Report(state, bytes);
}

void EncodeOneRow(benchmark::State& state) {
  const auto column = OwnedColumn::Of<int64_t>(PhysicalType::kInt64, {1'700'000'000'000});
  Bytes bytes;
  for (auto _ : state) {
    bytes.clear();
    AppendBlock(column.span(), {.effort = EncodeEffort::kFast}, bytes);
    benchmark::DoNotOptimize(bytes.data());
  }
}
BENCHMARK(EncodeOneRow);

void RegisterBoth(const std::string& name, MakeColumn make, const EncodeOptions& options) {
  benchmark::RegisterBenchmark(("encode/" + name).c_str(), Encode, make, options);
  benchmark::RegisterBenchmark(("decode/" + name).c_str(), Decode, make, options);
}

const bool kRegistered = [] {
  const EncodeOptions fast{.effort = EncodeEffort::kFast};
  const EncodeOptions compact;
  const EncodeOptions zstd{.second_pass_zstd = true};
  const struct {
    const char* name;
    MakeColumn make;
  } kData[] = {{"regular_timestamps", RegularTimestamps},
               {"jittered_timestamps", JitteredTimestamps},
               {"series_ids", SeriesIds},
               {"random_integers", RandomIntegers},
               {"growing_integers", GrowingIntegers},
               {"integer_counter", IntegerCounter},
               {"decimal_gauge", DecimalGauge},
               {"mostly_idle_gauge", MostlyIdleGauge},
               {"noise_doubles", NoiseDoubles},
               {"few_strings", FewStrings},
               {"log_lines", LogLines}};
  for (const auto& data : kData) {
    RegisterBoth(std::string(data.name) + "/compact", data.make, compact);
    RegisterBoth(std::string(data.name) + "/compact+zstd", data.make, zstd);
    RegisterBoth(std::string(data.name) + "/fast", data.make, fast);
  }
  RegisterBoth("codec/plain", RandomIntegers, {.force = CodecId::kPlain});
  RegisterBoth("codec/for_bit_pack", RandomIntegers, {.force = CodecId::kForBitPack});
  RegisterBoth("codec/delta_bit_pack", GrowingIntegers, {.force = CodecId::kDeltaBitPack});
  RegisterBoth("codec/delta_of_delta", JitteredTimestamps, {.force = CodecId::kDeltaOfDelta});
  RegisterBoth("codec/rle", SeriesIds, {.force = CodecId::kRle});
  RegisterBoth("codec/decimal", DecimalGauge, {.force = CodecId::kDecimal});
  RegisterBoth("codec/alp", DecimalGauge, {.force = CodecId::kAlp});
  RegisterBoth("codec/alp_low_outliers", GaugeWithLowOutliers, {.force = CodecId::kAlp});
  RegisterBoth("codec/alp_after_a_gap", GaugeAfterAGap, {.force = CodecId::kAlp});
  RegisterBoth("codec/gorilla_on_decimals", DecimalGauge, {.force = CodecId::kGorilla});
  RegisterBoth("codec/gorilla", IntegerCounter, {.force = CodecId::kGorilla});
  return true;
}();

}  // namespace
}  // namespace luma::encoding
