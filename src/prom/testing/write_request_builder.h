// Encodes prometheus.WriteRequest messages for tests.
#pragma once

#include <snappy.h>

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/labels.h"
#include "model/sample.h"

namespace luma::prom {

inline void AppendVarint(uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

inline std::string BytesField(uint32_t field, std::string_view bytes) {
  std::string out;
  AppendVarint(field << 3 | 2, out);
  AppendVarint(bytes.size(), out);
  return out.append(bytes);
}

inline std::string LabelMessage(const LabelRef& label) {
  return BytesField(1, label.name) + BytesField(2, label.value);
}

inline std::string SampleMessage(const Sample& sample) {
  std::string out("\x09");
  for (uint64_t bits = std::bit_cast<uint64_t>(sample.value), i = 0; i < 8; ++i, bits >>= 8) {
    out.push_back(static_cast<char>(bits));
  }
  out.push_back('\x10');
  AppendVarint(static_cast<uint64_t>(sample.timestamp), out);
  return out;
}

// Field 1 of a WriteRequest.
inline std::string SeriesField(const std::vector<LabelRef>& labels,
                               const std::vector<Sample>& samples) {
  std::string series;
  for (const LabelRef& label : labels) series += BytesField(1, LabelMessage(label));
  for (const Sample& sample : samples) series += BytesField(2, SampleMessage(sample));
  return BytesField(1, series);
}

inline std::string Snappy(std::string_view text) {
  std::string out;
  snappy::Compress(text.data(), text.size(), &out);
  return out;
}

}  // namespace luma::prom
