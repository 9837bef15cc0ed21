#include "prom/xor_chunk.h"

#include <cstdint>

#include "base/check.h"
#include "prom/chunk_bits.h"

namespace luma::prom {
namespace {

uint64_t ZigZag(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}

class Encoder {
 public:
  explicit Encoder(std::string& out) : bits_(out) {}

  void First(UnixMillis time, double value) {
    bits_.Varint(ZigZag(time));
    values_.First(value, bits_);
    time_ = time;
  }
  void Second(UnixMillis time, double value) {
    delta_ = static_cast<uint64_t>(time) - static_cast<uint64_t>(time_);
    bits_.Varint(delta_);
    time_ = time;
    values_.Next(value, bits_);
  }
  void Next(UnixMillis time, double value) {
    const uint64_t delta = static_cast<uint64_t>(time) - static_cast<uint64_t>(time_);
    Change(static_cast<int64_t>(delta - delta_));
    delta_ = delta;
    time_ = time;
    values_.Next(value, bits_);
  }

 private:
  // How much the time between two samples has changed.
  void Change(int64_t change) {
    if (change == 0) return bits_.Write(0, 1);
    for (const auto& [width, prefix, prefix_bits] : kWidths) {
      const int64_t high = int64_t{1} << (width - 1);
      if (change < -high + 1 || change > high) continue;
      bits_.Write(prefix, prefix_bits);
      return bits_.Write(static_cast<uint64_t>(change), width);
    }
    bits_.Write(0b1111, 4);
    bits_.Write(static_cast<uint64_t>(change), 64);
  }

  struct Width {
    int width;
    uint64_t prefix;
    int prefix_bits;
  };
  static constexpr Width kWidths[] = {{14, 0b10, 2}, {17, 0b110, 3}, {20, 0b1110, 4}};

  BitWriter bits_;
  XorColumn values_;
  UnixMillis time_ = 0;
  uint64_t delta_ = 0;
};

}  // namespace

std::string EncodeXorChunk(std::span<const UnixMillis> times, std::span<const double> values) {
  LUMA_CHECK(!times.empty() && times.size() <= kXorChunkSamplesMax);
  LUMA_CHECK(times.size() == values.size());
  std::string chunk = {static_cast<char>(times.size() >> 8), static_cast<char>(times.size())};
  Encoder encoder(chunk);
  for (size_t i = 0; i < times.size(); ++i) {
    if (i == 0) encoder.First(times[i], values[i]);
    if (i == 1) encoder.Second(times[i], values[i]);
    if (i > 1) encoder.Next(times[i], values[i]);
  }
  return chunk;
}

}  // namespace luma::prom
