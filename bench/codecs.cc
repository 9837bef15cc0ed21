// Codec speed and size on real scrape data: decodes recorded remote-write bodies, sorts the samples
// as the samples table does, by series and time, and encodes the three columns in blocks.
//   lumadb_codecs_bench DIRECTORY        DIRECTORY as bench/record_bodies.py writes it
// bench/codecs.py records a directory first, if there is none, and runs this.
#include <snappy.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "base/check.h"
#include "encoding/block.h"
#include "prom/remote_write_decoder.h"

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

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<std::string> ReadBodies(const std::filesystem::path& path) {
  const std::string data = ReadFile(path);
  std::vector<std::string> bodies;
  for (size_t at = 0; at < data.size();) {
    uint32_t length;
    LUMA_CHECK(data.size() - at >= sizeof(length));
    std::memcpy(&length, data.data() + at, sizeof(length));
    LUMA_CHECK(data.size() - at - sizeof(length) >= length);
    bodies.push_back(data.substr(at + sizeof(length), length));
    at += sizeof(length) + length;
  }
  return bodies;
}

Columns Load(const std::filesystem::path& directory) {
  std::map<Hash128, std::map<int64_t, double>> series;
  prom::RemoteWriteDecoder decoder;
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    if (file.path().extension() != ".bin") continue;
    for (const std::string& body : ReadBodies(file.path())) {
      std::string message;
      LUMA_CHECK(snappy::Uncompress(body.data(), body.size(), &message));
      SeriesBatch batch;
      LUMA_CHECK(decoder.Decode(message, batch).ok());
      for (size_t i = 0; i < batch.size(); ++i) {
        const SeriesBatch::Series one = batch.series(i);
        for (const Sample& sample : one.samples) series[one.hash][sample.timestamp] = sample.value;
      }
    }
  }
  Columns columns;
  uint64_t id = 0;
  for (const auto& [hash, samples] : series) {
    ++id;
    for (const auto& [timestamp, value] : samples) {
      columns.series_ids.push_back(id);
      columns.timestamps.push_back(timestamp);
      columns.values.push_back(value);
    }
  }
  std::printf("%zu samples of %zu series\n", columns.values.size(), series.size());
  return columns;
}

template <typename T>
std::vector<ColumnSpan> Cut(PhysicalType type, const std::vector<T>& values) {
  std::vector<ColumnSpan> blocks;
  for (size_t at = 0; at < values.size(); at += kBlockRows) {
    const auto count = static_cast<uint32_t>(std::min<size_t>(kBlockRows, values.size() - at));
    blocks.push_back({type, count, reinterpret_cast<const std::byte*>(values.data() + at), nullptr});
  }
  return blocks;
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

void Measure(const char* name, const std::vector<ColumnSpan>& blocks, const EncodeOptions& options) {
  size_t bytes = 0;
  size_t values = 0;
  std::vector<double> encode_seconds;
  std::vector<double> decode_seconds;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Bytes> encoded;
    const auto begin = std::chrono::steady_clock::now();
    for (const ColumnSpan& block : blocks) encoded.push_back(EncodeBlock(block, options));
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
  std::printf("| %s | %.2f | %s | %s |\n", name, 8.0 * static_cast<double>(bytes) / static_cast<double>(values),
              Speed(encode_seconds, values).c_str(), Speed(decode_seconds, values).c_str());
}

void Run(const std::filesystem::path& directory) {
  const Columns columns = Load(directory);
  const auto ids = Cut(PhysicalType::kUInt64, columns.series_ids);
  const auto timestamps = Cut(PhysicalType::kInt64, columns.timestamps);
  const auto values = Cut(PhysicalType::kFloat64, columns.values);
  const EncodeOptions chosen;
  const EncodeOptions with_zstd{.second_pass_zstd = true, .zstd_level = 3};
  const EncodeOptions fast{.effort = encoding::EncodeEffort::kFast};
  std::printf("\n| column, codec | bits per value | encode M values/s | decode M values/s |\n|---|---|---|---|\n");
  Measure("series id, chosen per block", ids, chosen);
  Measure("timestamp, chosen per block", timestamps, chosen);
  Measure("timestamp, delta of delta", timestamps, {.force = CodecId::kDeltaOfDelta});
  Measure("value, Gorilla", values, {.force = CodecId::kGorilla});
  Measure("value, decimal", values, {.force = CodecId::kDecimal});
  Measure("value, chosen per block", values, chosen);
  Measure("value, chosen and zstd 3", values, with_zstd);
  Measure("value, fast (log)", values, fast);
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
