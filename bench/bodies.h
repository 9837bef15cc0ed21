// Recorded remote-write bodies as bench/record_bodies.py writes them, for the programs of this
// folder.
#pragma once

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/check.h"
#include "model/metrics_source.h"

namespace luma::bench {

// Knows no series, so that every one comes with its labels.
class NoSink final : public MetricsSink {
 public:
  void Write(const SeriesBatch&, WriteCallback) override {}
};

inline std::vector<std::string> ReadBodies(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string data{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
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

}  // namespace luma::bench
