// Encodes prometheus.WriteRequest messages for tests.
#pragma once

#include <snappy.h>

#include <algorithm>
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

inline std::string DoubleBytes(double value) {
  std::string out;
  for (uint64_t bits = std::bit_cast<uint64_t>(value), i = 0; i < 8; ++i, bits >>= 8) {
    out.push_back(static_cast<char>(bits));
  }
  return out;
}

inline std::string SampleMessage(const Sample& sample) {
  std::string out = "\x09" + DoubleBytes(sample.value);
  out.push_back('\x10');
  AppendVarint(static_cast<uint64_t>(sample.timestamp), out);
  return out;
}

// Integers, schema 0, with these counts in the buckets from index 0 on; the sum is their number.
inline std::string HistogramMessage(UnixMillis timestamp, const std::vector<int64_t>& counts) {
  std::string deltas;
  int64_t before = 0;
  uint64_t total = 0;
  for (const int64_t count : counts) {
    const int64_t delta = count - before;
    AppendVarint((static_cast<uint64_t>(delta) << 1) ^ static_cast<uint64_t>(delta >> 63), deltas);
    before = count;
    total += static_cast<uint64_t>(count);
  }
  std::string span("\x10");
  AppendVarint(counts.size(), span);
  std::string out("\x08");
  AppendVarint(total, out);
  out += "\x19" + DoubleBytes(static_cast<double>(counts.size()));
  out += BytesField(11, span) + BytesField(12, deltas) + "\x78";
  AppendVarint(static_cast<uint64_t>(timestamp), out);
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

// A message io.prometheus.write.v2.Request, built series by series.
class RequestV2Builder {
 public:
  // The number of the text, which it gets when it is new.
  uint64_t Symbol(std::string_view text) {
    const auto found = std::ranges::find(symbols_, text);
    if (found != symbols_.end()) return static_cast<uint64_t>(found - symbols_.begin());
    symbols_.emplace_back(text);
    return symbols_.size() - 1;
  }
  // A field of packed references.
  std::string Labels(const std::vector<LabelRef>& labels) {
    std::string references;
    for (const LabelRef& label : labels) {
      AppendVarint(Symbol(label.name), references);
      AppendVarint(Symbol(label.value), references);
    }
    return BytesField(1, references);
  }
  static std::string Sample(UnixMillis timestamp, double value, UnixMillis start = 0) {
    std::string sample = SampleMessage({timestamp, value});
    if (start != 0) AppendVarint(static_cast<uint64_t>(start), sample += "\x18");
    return BytesField(2, sample);
  }
  std::string Exemplar(const std::vector<LabelRef>& labels, double value, UnixMillis timestamp) {
    std::string exemplar = Labels(labels) + "\x11" + DoubleBytes(value) + "\x18";
    AppendVarint(static_cast<uint64_t>(timestamp), exemplar);
    return BytesField(4, exemplar);
  }
  std::string Metadata(uint64_t type, std::string_view help, std::string_view unit) {
    return RawMetadata(type, Symbol(help), Symbol(unit));
  }
  static std::string RawMetadata(uint64_t type, uint64_t help, uint64_t unit) {
    std::string metadata("\x08");
    AppendVarint(type, metadata);
    AppendVarint(help, metadata += "\x18");
    AppendVarint(unit, metadata += "\x20");
    return BytesField(5, metadata);
  }
  // Of the fields that the methods above give.
  void AddSeries(std::string_view fields) { series_ += BytesField(5, fields); }

  std::string Message() const {
    std::string message;
    for (const std::string& symbol : symbols_) message += BytesField(4, symbol);
    return message + series_;
  }

 private:
  std::vector<std::string> symbols_{""};
  std::string series_;
};

}  // namespace luma::prom
