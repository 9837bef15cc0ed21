// Reads chunks of Prometheus' storage bit by bit, as their format describes it.
#pragma once

#include <bit>
#include <cstdint>
#include <string>

namespace luma::prom {

class ChunkBits {
 public:
  explicit ChunkBits(const std::string& chunk) : chunk_(chunk) {}

  uint64_t Take(int count) {
    uint64_t bits = 0;
    for (; count > 0; --count, ++at_) {
      const auto byte = static_cast<unsigned char>(chunk_[at_ / 8]);
      bits = bits << 1 | (byte >> (7 - at_ % 8) & 1);
    }
    return bits;
  }
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const uint64_t byte = Take(8);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }
  uint64_t VarbitUnsigned() { return Take(VarbitWidth()); }
  int64_t Varbit() {
    const int width = VarbitWidth();
    return SignedOf(Take(width), width);
  }
  // The numbers above half of the range are negative.
  static int64_t SignedOf(uint64_t bits, int width) {
    const bool negative = width > 0 && width < 64 && bits > uint64_t{1} << (width - 1);
    return static_cast<int64_t>(negative ? bits - (uint64_t{1} << width) : bits);
  }
  size_t bytes_used() const { return (at_ + 7) / 8; }

 private:
  int VarbitWidth() {
    for (const int width : {0, 3, 6, 9, 12, 18, 25, 56}) {
      if (Take(1) == 0) return width;
    }
    return 64;
  }

  const std::string& chunk_;
  size_t at_ = 0;
};

// A column of doubles.
class XorReader {
 public:
  double First(ChunkBits& bits) { return std::bit_cast<double>(value_ = bits.Take(64)); }
  double Next(ChunkBits& bits) {
    if (bits.Take(1) == 1) {
      if (bits.Take(1) == 1) {
        leading_ = static_cast<int>(bits.Take(5));
        width_ = static_cast<int>(bits.Take(6));
        if (width_ == 0) width_ = 64;
      }
      value_ ^= bits.Take(width_) << (64 - leading_ - width_);
    }
    return std::bit_cast<double>(value_);
  }

 private:
  uint64_t value_ = 0;
  int leading_ = 0;
  int width_ = 0;
};

}  // namespace luma::prom
