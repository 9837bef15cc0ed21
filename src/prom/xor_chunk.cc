#include "prom/xor_chunk.h"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "base/check.h"

namespace luma::prom {
namespace {

// Most significant bit first.
class BitWriter {
 public:
  explicit BitWriter(std::string& out) : out_(out) {}

  void Write(uint64_t value, int count) {
    while (count > 0) {
      if (free_ == 0) {
        out_.push_back(0);
        free_ = 8;
      }
      const int taken = std::min(free_, count);
      const auto bits = static_cast<uint8_t>(value >> (count - taken) & ((1u << taken) - 1));
      free_ -= taken;
      count -= taken;
      out_.back() = static_cast<char>(static_cast<uint8_t>(out_.back()) | bits << free_);
    }
  }
  void Varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) Write((value & 0x7f) | 0x80, 8);
    Write(value, 8);
  }

 private:
  std::string& out_;
  int free_ = 0;  // bits of the last byte
};

uint64_t ZigZag(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}

class Encoder {
 public:
  explicit Encoder(std::string& out) : bits_(out) {}

  void First(UnixMillis time, double value) {
    bits_.Varint(ZigZag(time));
    value_ = std::bit_cast<uint64_t>(value);
    bits_.Write(value_, 64);
    time_ = time;
  }
  void Second(UnixMillis time, double value) {
    delta_ = static_cast<uint64_t>(time) - static_cast<uint64_t>(time_);
    bits_.Varint(delta_);
    time_ = time;
    Value(value);
  }
  void Next(UnixMillis time, double value) {
    const uint64_t delta = static_cast<uint64_t>(time) - static_cast<uint64_t>(time_);
    Change(static_cast<int64_t>(delta - delta_));
    delta_ = delta;
    time_ = time;
    Value(value);
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

  // The bits in which a value differs from the one before.
  void Value(double value) {
    const uint64_t changed = std::bit_cast<uint64_t>(value) ^ value_;
    value_ = std::bit_cast<uint64_t>(value);
    if (changed == 0) return bits_.Write(0, 1);
    bits_.Write(1, 1);
    const int leading = std::min(std::countl_zero(changed), kLeadingMax);
    const int trailing = std::countr_zero(changed);
    const bool fits = leading_ >= 0 && leading >= leading_ && trailing >= trailing_;
    bits_.Write(fits ? 0 : 1, 1);
    if (!fits) {
      leading_ = leading;
      trailing_ = trailing;
      bits_.Write(static_cast<uint64_t>(leading), 5);
      bits_.Write(static_cast<uint64_t>(64 - leading - trailing) & 63, 6);  // 64 is written as 0
    }
    bits_.Write(changed >> trailing_, 64 - leading_ - trailing_);
  }

  static constexpr int kLeadingMax = 31;  // five bits hold it
  struct Width {
    int width;
    uint64_t prefix;
    int prefix_bits;
  };
  static constexpr Width kWidths[] = {{14, 0b10, 2}, {17, 0b110, 3}, {20, 0b1110, 4}};

  BitWriter bits_;
  UnixMillis time_ = 0;
  uint64_t delta_ = 0;
  uint64_t value_ = 0;
  int leading_ = -1;  // of the last window of bits; none yet
  int trailing_ = 0;
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
