// Codecs of strings: size, and the speed of encoding and decoding, over blocks of 16,384 rows.
//   lumadb_strings_bench [FILE...]       FILE: every line is a string, after the sets made here
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "base/check.h"
#include "encoding/block.h"

namespace luma {
namespace {

using encoding::CodecId;
using encoding::EncodeOptions;

constexpr uint32_t kBlockRows = 16384;  // as docs/formats/segment.md
constexpr size_t kRows = 4 * kBlockRows;
constexpr int kRounds = 9;

using Texts = std::vector<std::string>;
using Random = std::mt19937_64;

template <typename... Choices>
const char* OneOf(Random& random, Choices... choices) {
  const char* const all[] = {choices...};
  return all[random() % sizeof...(choices)];
}

std::string Hex(uint64_t word) {
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(word));
  return text;
}

std::string Number(Random& random, uint64_t below) { return std::to_string(random() % below); }

std::string LogLine(Random& random) {
  return std::string("level=") + OneOf(random, "info", "info", "info", "warn", "error") +
         " ts=2026-11-22T23:" + std::to_string(10 + random() % 50) + ":" +
         std::to_string(10 + random() % 50) + "." + Number(random, 1000) + "Z caller=" +
         OneOf(random, "handler.go:118", "compact.go:523", "manager.go:75", "db.go:1601") +
         " msg=\"" +
         OneOf(random, "request done", "write block started", "compaction finished",
               "connection reset by peer", "Deleting obsolete block") +
         "\" path=/api/v1/items/" + Number(random, 100000) +
         " duration_ms=" + Number(random, 3000) + " trace_id=" + Hex(random()) + Hex(random());
}
std::string AccessLine(Random& random) {
  return "10." + Number(random, 256) + "." + Number(random, 256) + "." + Number(random, 256) +
         " - - [22/Nov/2026:23:" + std::to_string(10 + random() % 50) + ":07 +0000] \"" +
         OneOf(random, "GET", "GET", "GET", "POST", "PUT") + " /" +
         OneOf(random, "static/app.js", "api/v2/orders", "login", "images/logo.png") +
         "?id=" + Number(random, 1000000) + " HTTP/1.1\" " +
         OneOf(random, "200", "200", "304", "404") + " " + Number(random, 50000) +
         " \"-\" \"Mozilla/5.0 (X11; Linux x86_64) Firefox/" + std::to_string(100 + random() % 40) +
         ".0\"";
}
std::string Url(Random& random) {
  return std::string("https://") +
         OneOf(random, "www.example.com", "shop.example.org", "cdn.test.net") + "/" +
         OneOf(random, "items", "users", "search", "orders/latest", "blog") + "/" +
         Number(random, 1000000) + "?session=" + Number(random, 1000000000);
}
std::string LabelSet(Random& random) {
  return std::string("{__name__=\"") +
         OneOf(random, "http_request_duration_seconds_bucket", "node_cpu_seconds_total",
               "container_memory_working_set_bytes", "go_gc_duration_seconds") +
         "\",instance=\"10.0." + Number(random, 16) + "." + Number(random, 256) + ":9100\",job=\"" +
         OneOf(random, "node", "api-server", "kubelet") + "\",pod=\"" +
         OneOf(random, "checkout", "payment", "frontend", "search") + "-" +
         Hex(random()).substr(0, 10) + "\",le=\"" +
         OneOf(random, "0.005", "0.01", "0.1", "1", "+Inf") + "\"}";
}
std::string TraceId(Random& random) { return Hex(random()) + Hex(random()); }
std::string PodName(Random& random) {
  return std::string(OneOf(random, "checkout", "payment", "frontend", "search")) + "-" +
         Hex(random() % 800).substr(6);
}

Texts Made(std::string (*make)(Random&)) {
  Random random(1);
  Texts texts(kRows);
  for (std::string& text : texts) text = make(random);
  return texts;
}

Texts LinesOf(const char* path) {
  std::ifstream file(path);
  LUMA_CHECK(file.is_open());
  Texts texts;
  for (std::string line; std::getline(file, line) && texts.size() < kRows;) texts.push_back(line);
  return texts;
}

struct Figures {
  std::vector<double> seconds;
  std::string Gigabytes(size_t bytes) {
    std::sort(seconds.begin(), seconds.end());
    const auto rate = [&](double s) { return static_cast<double>(bytes) / s / 1e9; };
    char text[64];
    std::snprintf(text, sizeof(text), "%.2f (%.2f..%.2f)", rate(seconds[seconds.size() / 2]),
                  rate(seconds.back()), rate(seconds.front()));
    return text;
  }
};

double SecondsOf(const std::function<void()>& run) {
  const auto begin = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::vector<ColumnSpan> Blocks(const std::vector<StringRef>& strings) {
  std::vector<ColumnSpan> blocks;
  for (size_t at = 0; at < strings.size(); at += kBlockRows) {
    const auto count = static_cast<uint32_t>(std::min<size_t>(kBlockRows, strings.size() - at));
    blocks.push_back({PhysicalType::kBytes, count,
                      reinterpret_cast<const std::byte*>(strings.data() + at), nullptr});
  }
  return blocks;
}

std::string NameOf(const Bytes& block) {
  const encoding::BlockDescription description = *encoding::DescribeBlock(block);
  return std::string(encoding::CodecName(description.codec)) + (description.zstd ? "+zstd" : "");
}

void Measure(const char* set, const char* options_name, const Texts& texts,
             const EncodeOptions& options) {
  const std::vector<StringRef> strings(texts.begin(), texts.end());
  const std::vector<ColumnSpan> blocks = Blocks(strings);
  size_t plain_bytes = 0;
  for (const std::string& text : texts) plain_bytes += text.size();
  Figures encode;
  Figures decode;
  std::vector<Bytes> encoded;
  for (int round = 0; round < kRounds; ++round) {
    encoded.clear();
    encode.seconds.push_back(SecondsOf([&] {
      for (const ColumnSpan& block : blocks) encoded.push_back(EncodeBlock(block, options));
    }));
    decode.seconds.push_back(SecondsOf([&] {
      for (size_t i = 0; i < blocks.size(); ++i) {
        LUMA_CHECK(encoding::DecodeBlock(PhysicalType::kBytes, blocks[i].count, encoded[i]).ok());
      }
    }));
  }
  size_t bytes = 0;
  for (const Bytes& block : encoded) bytes += block.size();
  std::printf("| %s | %s | %s | %.1f %% | %s | %s |\n", set, options_name,
              NameOf(encoded[0]).c_str(),
              100 * static_cast<double>(bytes) / static_cast<double>(plain_bytes),
              encode.Gigabytes(plain_bytes).c_str(), decode.Gigabytes(plain_bytes).c_str());
}

void MeasureSet(const char* name, const Texts& texts) {
  Measure(name, "plain", texts, {.force = CodecId::kPlain});
  Measure(name, "plain and zstd 1", texts, {.second_pass_zstd = true, .force = CodecId::kPlain});
  Measure(name, "FSST", texts, {.force = CodecId::kFsst});
  Measure(name, "chosen, no second pass", texts, {});
  Measure(name, "chosen, as files get it", texts, {.second_pass_zstd = true});
}

}  // namespace
}  // namespace luma

int main(int count, char** arguments) {
  std::printf(
      "| strings | asked for | codec | size | encode GB/s | decode GB/s "
      "|\n|---|---|---|---|---|---|\n");
  luma::MeasureSet("log lines", luma::Made(luma::LogLine));
  luma::MeasureSet("access log", luma::Made(luma::AccessLine));
  luma::MeasureSet("URLs", luma::Made(luma::Url));
  luma::MeasureSet("label sets", luma::Made(luma::LabelSet));
  luma::MeasureSet("trace ids", luma::Made(luma::TraceId));
  luma::MeasureSet("pod names, 3,200 different", luma::Made(luma::PodName));
  for (int i = 1; i < count; ++i) luma::MeasureSet(arguments[i], luma::LinesOf(arguments[i]));
}
