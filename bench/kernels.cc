// Kernels against the memory bandwidth of the machine, and decoding in values per second.
//   lumadb_kernels_bench
// Each figure is the median of kRounds runs with the lowest and the highest.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "base/check.h"
#include "encoding/block.h"
#include "encoding/lane_packing.h"
#include "encoding/simd/aggregates.h"
#include "encoding/simd/lanes.h"
#include "encoding/simd/select_range.h"

// The stream is read with the widest vectors there are, like the kernels that are measured by it.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/kernels.cc"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace luma::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Reads all words and does as little as possible with them: eight independent ors.
uint64_t ReadStream(std::span<const uint64_t> words) {
  constexpr size_t kStreams = 8;
  const hn::ScalableTag<uint64_t> d;
  hn::Vec<decltype(d)> found[kStreams];
  for (auto& one : found) one = hn::Zero(d);
  const size_t step = kStreams * hn::Lanes(d);
  for (size_t i = 0; i + step <= words.size(); i += step) {
    for (size_t k = 0; k < kStreams; ++k) {
      found[k] = hn::Or(found[k], hn::LoadU(d, words.data() + i + k * hn::Lanes(d)));
    }
  }
  for (size_t k = 1; k < kStreams; ++k) found[0] = hn::Or(found[0], found[k]);
  return hn::GetLane(found[0]);
}

}  // namespace luma::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace luma {

HWY_EXPORT(ReadStream);

namespace {

using encoding::CodecId;

constexpr int kRounds = 15;
constexpr size_t kMemoryWords = size_t{32} << 20;  // 256 MiB: eight times the last-level cache
constexpr size_t kCacheWords = 4096;               // 32 KiB: in the first-level cache
constexpr uint32_t kBlockRows = 16384;             // as docs/formats/segment.md

volatile uint64_t sink;  // keeps results alive

struct Figures {
  double median;
  double lowest;
  double highest;
};

// Units per second of a function that handles `units` of them.
Figures Measure(double units, const std::function<uint64_t()>& run) {
  std::vector<double> rates;
  for (int round = 0; round < kRounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    sink = run();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    rates.push_back(units / taken.count());
  }
  std::sort(rates.begin(), rates.end());
  return {rates[rates.size() / 2], rates.front(), rates.back()};
}

std::string Billions(const Figures& figures) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.2f (%.2f..%.2f)", figures.median / 1e9, figures.lowest / 1e9,
                figures.highest / 1e9);
  return text;
}

struct Kernel {
  const char* name;
  std::function<uint64_t(std::span<const uint64_t>)> run;
};

std::span<const int64_t> Integers(std::span<const uint64_t> words) {
  return {reinterpret_cast<const int64_t*>(words.data()), words.size()};
}
std::span<const double> Doubles(std::span<const uint64_t> words) {
  return {reinterpret_cast<const double*>(words.data()), words.size()};
}

// Every eighth row of `rows` out.
std::vector<uint64_t> SevenOfEight(size_t rows) {
  return std::vector<uint64_t>(rows / 64, 0x7f7f7f7f7f7f7f7f);
}

void MeasureKernels() {
  std::vector<double> doubles(kMemoryWords);
  for (size_t i = 0; i < doubles.size(); ++i) doubles[i] = static_cast<double>(i % 1000) / 8;
  const std::span<const uint64_t> all(reinterpret_cast<const uint64_t*>(doubles.data()),
                                      doubles.size());
  const std::vector<uint64_t> mask = SevenOfEight(kMemoryWords);
  std::vector<uint64_t> selection(kMemoryWords / 64);
  const Kernel kKernels[] = {
      {"read only", [](auto words) { return HWY_DYNAMIC_DISPATCH(ReadStream)(words); }},
      {"int64: sum, min, max, count",
       [](auto words) { return encoding::Aggregate(Integers(words), {}).sum.low; }},
      {"uint64: sum, min, max, count",
       [](auto words) { return encoding::Aggregate(words, {}).sum.low; }},
      {"double: sum, min, max, count",
       [](auto words) { return encoding::Aggregate(Doubles(words), {}).count; }},
      {"int64, one row of eight null",
       [&](auto words) {
         return encoding::Aggregate(Integers(words), {.validity = mask.data()}).sum.low;
       }},
      {"double, one row of eight null, another not selected",
       [&](auto words) {
         return encoding::Aggregate(Doubles(words),
                                    {.validity = mask.data(), .selection = mask.data()})
             .count;
       }},
      {"int64: select a range", [&](auto words) {
         encoding::SelectRange(Integers(words), 0, INT64_MAX / 2, selection.data());
         return selection[0];
       }}};
  std::printf(
      "| kernel | memory, GB/s | of read only | first-level cache, GB/s |\n|---|---|---|---|\n");
  double read_only = 0;
  for (const Kernel& kernel : kKernels) {
    const double bytes = static_cast<double>(kMemoryWords) * 8;
    const Figures memory = Measure(bytes, [&] { return kernel.run(all); });
    const Figures cache = Measure(bytes, [&] {
      uint64_t result = 0;
      for (size_t i = 0; i < kMemoryWords / kCacheWords; ++i) {
        result += kernel.run(all.first(kCacheWords));
      }
      return result;
    });
    if (read_only == 0) read_only = memory.median;
    std::printf("| %s | %s | %.0f %% | %s |\n", kernel.name, Billions(memory).c_str(),
                100 * memory.median / read_only, Billions(cache).c_str());
  }
}

// ---- decoding

std::vector<double> RandomWalk(double scale, double step) {
  std::mt19937_64 random(1);
  std::vector<double> values(kBlockRows);
  double value = 5000;
  for (double& slot : values) {
    value += std::round(std::normal_distribution<double>(0, step)(random));
    slot = value / scale;
  }
  return values;
}
std::vector<double> Noise() {
  std::mt19937_64 random(1);
  std::vector<double> values(kBlockRows);
  for (double& value : values) value = std::normal_distribution<double>()(random);
  return values;
}
std::vector<double> Idle() {
  std::mt19937_64 random(1);
  std::vector<double> values(kBlockRows);
  double value = 1;
  for (double& slot : values) slot = random() % 10 == 0 ? value += 1 : value;
  return values;
}

struct Data {
  const char* name;
  std::vector<double> values;
  CodecId codec;
};

void MeasureDecoding() {
  const Data kData[] = {
      {"decimal, integers (TSBS-like walk)", RandomWalk(1, 1), CodecId::kDecimal},
      {"decimal, two places", RandomWalk(100, 20), CodecId::kDecimal},
      {"ALP, integers (the same walk)", RandomWalk(1, 1), CodecId::kAlp},
      {"ALP, two places", RandomWalk(100, 20), CodecId::kAlp},
      {"ALP-RD, noise", Noise(), CodecId::kAlpRd},
      {"Gorilla, integer walk", RandomWalk(1, 1), CodecId::kGorilla},
      {"Gorilla, two places", RandomWalk(100, 20), CodecId::kGorilla},
      {"Gorilla, one change in ten", Idle(), CodecId::kGorilla},
      {"Gorilla, noise", Noise(), CodecId::kGorilla},
  };
  constexpr int kRepeats = 200;
  std::printf("\n| doubles | bits per value | 10^9 values/s |\n|---|---|---|\n");
  for (const Data& data : kData) {
    const ColumnSpan column{PhysicalType::kFloat64, kBlockRows,
                            reinterpret_cast<const std::byte*>(data.values.data()), nullptr};
    const Bytes block = encoding::EncodeBlock(column, {.force = data.codec});
    const Figures figures = Measure(double{kBlockRows} * kRepeats, [&] {
      uint64_t rows = 0;
      for (int i = 0; i < kRepeats; ++i) {
        rows += encoding::DecodeBlock(column.type, column.count, block)->row_count();
      }
      return rows;
    });
    std::printf("| %s | %.2f | %s |\n", data.name,
                8.0 * static_cast<double>(block.size()) / kBlockRows, Billions(figures).c_str());
  }
}

// The loop of ALP alone, as its authors measure theirs: one vector over and over, nothing
// allocated.
void MeasureLanes() {
  constexpr int kRepeats = 20000;
  std::printf("\n| vector of 1,024, first-level cache | 10^9 values/s |\n|---|---|\n");
  for (const int width : {1, 3, 7, 10, 16, 28, 52}) {
    std::mt19937_64 random(1);
    std::vector<uint64_t> values(encoding::kVectorValues);
    for (uint64_t& value : values) value = random();
    Bytes packed;
    encoding::PackLanes(values, width, packed);
    for (const int exponent : {0, 2}) {
      const Figures figures = Measure(double{encoding::kVectorValues} * kRepeats, [&] {
        for (int i = 0; i < kRepeats; ++i) {
          encoding::UnpackLanesToDoubles(packed, width, 77, encoding::PowerOfTenOf(exponent),
                                         values);
        }
        return values[5];
      });
      std::printf("| %d bits, %s | %s |\n", width, exponent == 0 ? "integers" : "two places",
                  Billions(figures).c_str());
    }
  }
}

std::vector<int64_t> Timestamps(int64_t jitter) {
  std::mt19937_64 random(1);
  std::vector<int64_t> values(kBlockRows);
  for (uint32_t i = 0; i < kBlockRows; ++i) {
    values[i] = int64_t{15000} * i + static_cast<int64_t>(random()) % (jitter + 1);
  }
  return values;
}

void MeasureIntegers() {
  const struct {
    const char* name;
    int64_t jitter;
    CodecId codec;
  } kData[] = {{"delta of delta, jitter of 5 ms", 5, CodecId::kDeltaOfDelta},
               {"delta, jitter of 5 ms", 5, CodecId::kDeltaBitPack},
               {"frame of reference, 28 bits", 5, CodecId::kForBitPack}};
  constexpr int kRepeats = 200;
  std::printf("\n| integers | bits per value | 10^9 values/s |\n|---|---|---|\n");
  for (const auto& data : kData) {
    const std::vector<int64_t> values = Timestamps(data.jitter);
    const ColumnSpan column{PhysicalType::kInt64, kBlockRows,
                            reinterpret_cast<const std::byte*>(values.data()), nullptr};
    const Bytes block = encoding::EncodeBlock(column, {.force = data.codec});
    const Figures figures = Measure(double{kBlockRows} * kRepeats, [&] {
      uint64_t rows = 0;
      for (int i = 0; i < kRepeats; ++i) {
        rows += encoding::DecodeBlock(column.type, column.count, block)->row_count();
      }
      return rows;
    });
    std::printf("| %s | %.2f | %s |\n", data.name,
                8.0 * static_cast<double>(block.size()) / kBlockRows, Billions(figures).c_str());
  }
}

}  // namespace
}  // namespace luma

int main() {
  std::printf("target: %s\n\n", hwy::TargetName(hwy::SupportedAndGeneratedTargets().front()));
  luma::MeasureKernels();
  luma::MeasureDecoding();
  luma::MeasureLanes();
  luma::MeasureIntegers();
}
#endif
