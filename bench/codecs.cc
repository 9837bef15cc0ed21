// Codec speed and size on real scrape data: decodes recorded remote-write bodies, sorts the samples
// as the samples table does, by series and time, and encodes the three columns in blocks.
//   lumadb_codecs_bench DIRECTORY        DIRECTORY as bench/record_bodies.py writes it
// bench/codecs.py records a directory first, if there is none, and runs this.
#include <snappy.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/check.h"
#include "bench/bodies.h"
#include "encoding/block.h"
#include "encoding/run_length.h"
#include "prom/remote_write_decoder.h"
#include "prom/testing/limited_memory.h"

namespace luma {
namespace {

using encoding::CodecId;
using encoding::EncodeOptions;

constexpr uint32_t kBlockRows = 16384;  // as docs/formats/segment.md
constexpr int kRounds = 9;

struct Columns {
  std::vector<uint64_t> series_ids;
  std::vector<int64_t> timestamps;
  std::vector<double> values;
};

struct Series {
  std::vector<int64_t> timestamps;  // ascending: a stream's requests are in time order
  std::vector<double> values;
};

// In the order in which the series appear, which is that of their ids.
std::vector<Series> LoadSeries(const std::filesystem::path& directory) {
  std::vector<Series> series;
  std::map<Hash128, size_t> index;
  prom::RemoteWriteDecoder decoder;
  const bench::NoSink sink;
  prom::LimitedMemory memory;
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    if (file.path().extension() != ".bin") continue;
    for (const std::string& body : bench::ReadBodies(file.path())) {
      std::string message;
      LUMA_CHECK(snappy::Uncompress(body.data(), body.size(), &message));
      SeriesBatch batch;
      LUMA_CHECK(decoder.Decode(message, sink, memory, batch).ok());
      for (size_t i = 0; i < batch.size(); ++i) {
        const SeriesBatch::Series one = batch.series(i);
        const auto [entry, is_new] = index.try_emplace(one.hash, series.size());
        if (is_new) series.emplace_back();
        for (const Sample& sample : one.samples) {
          series[entry->second].timestamps.push_back(sample.timestamp);
          series[entry->second].values.push_back(sample.value);
        }
      }
    }
  }
  return series;
}

Columns Load(const std::filesystem::path& directory) {
  const std::vector<Series> series = LoadSeries(directory);
  Columns columns;
  for (size_t id = 0; id < series.size(); ++id) {
    const auto& [timestamps, values] = series[id];
    columns.series_ids.insert(columns.series_ids.end(), timestamps.size(), id + 1);
    columns.timestamps.insert(columns.timestamps.end(), timestamps.begin(), timestamps.end());
    columns.values.insert(columns.values.end(), values.begin(), values.end());
  }
  std::printf("%zu samples of %zu series\n", columns.values.size(), series.size());
  return columns;
}

using Groups = std::vector<std::vector<uint32_t>>;

// For each block the lengths of the groups of rows of one series, as the segment writer gives them.
Groups GroupsOf(const std::vector<ColumnSpan>& series_ids) {
  Groups groups;
  for (const ColumnSpan& block : series_ids) groups.push_back(encoding::FindRuns(block).lengths);
  return groups;
}

template <typename T>
std::vector<ColumnSpan> Cut(PhysicalType type, const std::vector<T>& values) {
  std::vector<ColumnSpan> blocks;
  for (size_t at = 0; at < values.size(); at += kBlockRows) {
    const auto count = static_cast<uint32_t>(std::min<size_t>(kBlockRows, values.size() - at));
    blocks.push_back(
        {type, count, reinterpret_cast<const std::byte*>(values.data() + at), nullptr});
  }
  return blocks;
}

// The values of each series on their own, as Gorilla's paper keeps them.
std::vector<ColumnSpan> PerSeries(const Columns& columns) {
  std::vector<ColumnSpan> series;
  const auto* const ids = columns.series_ids.data();
  for (size_t at = 0; at < columns.values.size();) {
    const size_t end = std::upper_bound(ids + at, ids + columns.series_ids.size(), ids[at]) - ids;
    series.push_back({PhysicalType::kFloat64, static_cast<uint32_t>(end - at),
                      reinterpret_cast<const std::byte*>(columns.values.data() + at), nullptr});
    at = end;
  }
  return series;
}

double Seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// "median (lowest..highest)" in millions of values per second.
std::string Speed(std::vector<double> seconds, size_t values) {
  std::sort(seconds.begin(), seconds.end());
  const auto millions = [&](double s) { return static_cast<double>(values) / s / 1e6; };
  char text[64];
  std::snprintf(text, sizeof(text), "%.0f (%.0f..%.0f)", millions(seconds[seconds.size() / 2]),
                millions(seconds.back()), millions(seconds.front()));
  return text;
}

// `groups` as GroupsOf() or empty.
void Measure(const char* name, const std::vector<ColumnSpan>& blocks, EncodeOptions options,
             const Groups& groups = {}) {
  size_t bytes = 0;
  size_t values = 0;
  std::vector<double> encode_seconds;
  std::vector<double> decode_seconds;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Bytes> encoded;
    const auto begin = std::chrono::steady_clock::now();
    for (size_t i = 0; i < blocks.size(); ++i) {
      if (!groups.empty()) options.group_rows = groups[i];
      encoded.push_back(EncodeBlock(blocks[i], options));
    }
    const auto middle = std::chrono::steady_clock::now();
    bytes = values = 0;
    for (size_t i = 0; i < blocks.size(); ++i) {
      LUMA_CHECK(encoding::DecodeBlock(blocks[i].type, blocks[i].count, encoded[i]).ok());
      bytes += encoded[i].size();
      values += blocks[i].count;
    }
    encode_seconds.push_back(Seconds(middle - begin));
    decode_seconds.push_back(Seconds(std::chrono::steady_clock::now() - middle));
  }
  std::printf("| %s | %.2f | %s | %s |\n", name,
              8.0 * static_cast<double>(bytes) / static_cast<double>(values),
              Speed(encode_seconds, values).c_str(), Speed(decode_seconds, values).c_str());
}

// What each codec is chosen for, and what Gorilla would take for the same series.
void CountChoices(const std::vector<ColumnSpan>& series) {
  struct Share {
    size_t series = 0;
    size_t values = 0;
    size_t bytes = 0;
    size_t gorilla_bytes = 0;
  };
  std::map<CodecId, Share> shares;
  for (const ColumnSpan& one : series) {
    const Bytes block = encoding::EncodeBlock(one, {});
    Share& share = shares[encoding::DescribeBlock(block)->codec];
    ++share.series;
    share.values += one.count;
    share.bytes += block.size();
    share.gorilla_bytes += encoding::EncodeBlock(one, {.force = CodecId::kGorilla}).size();
  }
  std::printf("\n| chosen | series | values | bits per value | Gorilla |\n|---|---|---|---|---|\n");
  for (const auto& [codec, share] : shares) {
    const auto bits = [&](size_t bytes) {
      return 8.0 * static_cast<double>(bytes) / static_cast<double>(share.values);
    };
    std::printf("| %s | %zu | %zu | %.2f | %.2f |\n",
                std::string(encoding::CodecName(codec)).c_str(), share.series, share.values,
                bits(share.bytes), bits(share.gorilla_bytes));
  }
}

void Run(const std::filesystem::path& directory) {
  const Columns columns = Load(directory);
  const auto ids = Cut(PhysicalType::kUInt64, columns.series_ids);
  const auto timestamps = Cut(PhysicalType::kInt64, columns.timestamps);
  const auto values = Cut(PhysicalType::kFloat64, columns.values);
  const Groups groups = GroupsOf(ids);
  const EncodeOptions chosen;
  const EncodeOptions with_zstd{.second_pass_zstd = true, .zstd_level = 3};
  const EncodeOptions fast{.effort = encoding::EncodeEffort::kFast};
  std::printf(
      "\n| column, codec | bits per value | encode M values/s | decode M values/s "
      "|\n|---|---|---|---|\n");
  Measure("series id, chosen per block", ids, chosen);
  Measure("timestamp, delta of delta", timestamps, {.force = CodecId::kDeltaOfDelta});
  Measure("timestamp, chosen per block", timestamps, chosen);
  Measure("timestamp, chosen per series", timestamps, chosen, groups);
  Measure("value, Gorilla, a block per series", PerSeries(columns), {.force = CodecId::kGorilla});
  Measure("value, decimal", values, {.force = CodecId::kDecimal});
  Measure("value, ALP", values, {.force = CodecId::kAlp});
  Measure("value, ALP, a block per series", PerSeries(columns), {.force = CodecId::kAlp});
  Measure("value, ALP-RD, a block per series", PerSeries(columns), {.force = CodecId::kAlpRd});
  Measure("value, chosen per block", values, chosen);
  Measure("value, chosen per series", values, chosen, groups);
  Measure("value, chosen per series and zstd 3", values, with_zstd, groups);
  Measure("value, fast (log)", values, fast);
  CountChoices(PerSeries(columns));
}

}  // namespace
}  // namespace luma

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: %s DIRECTORY\n", arguments[0]);
    return 2;
  }
  luma::Run(arguments[1]);
}
