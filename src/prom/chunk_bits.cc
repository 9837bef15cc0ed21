#include "prom/chunk_bits.h"

#include <algorithm>
#include <bit>

namespace luma::prom {
namespace {

// The widths that a varbit number may have; behind n ones and a zero come kVarbitWidths[n - 1].
constexpr int kVarbitWidths[] = {3, 6, 9, 12, 18, 25, 56};
constexpr int kWholePrefixBits = 8;  // ones; 64 bits follow

constexpr int kLeadingMax = 31;  // five bits hold it

// Writes a prefix of `ones` and a zero, and the bits behind it.
void WriteVarbit(int ones, uint64_t value, int width, BitWriter& bits) {
  bits.Write((uint64_t{1} << (ones + 1)) - 2, ones + 1);
  bits.Write(value, width);
}

bool Fits(int64_t value, int width) {
  const int64_t high = int64_t{1} << (width - 1);
  return value > -high && value <= high;
}
bool Fits(uint64_t value, int width) { return value >> width == 0; }

template <typename Number>
void WriteNumber(Number value, BitWriter& bits) {
  if (value == 0) return bits.Write(0, 1);
  int ones = 1;
  for (const int width : kVarbitWidths) {
    if (Fits(value, width)) return WriteVarbit(ones, static_cast<uint64_t>(value), width, bits);
    ++ones;
  }
  bits.Write(0xff, kWholePrefixBits);
  bits.Write(static_cast<uint64_t>(value), 64);
}

}  // namespace

void BitWriter::Write(uint64_t value, int count) {
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

void BitWriter::Varint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) Write((value & 0x7f) | 0x80, 8);
  Write(value, 8);
}

void BitWriter::Varbit(int64_t value) { WriteNumber(value, *this); }
void BitWriter::VarbitUnsigned(uint64_t value) { WriteNumber(value, *this); }

void XorColumn::First(double value, BitWriter& bits) {
  value_ = std::bit_cast<uint64_t>(value);
  bits.Write(value_, 64);
}

void XorColumn::Next(double value, BitWriter& bits) {
  const uint64_t changed = std::bit_cast<uint64_t>(value) ^ value_;
  value_ = std::bit_cast<uint64_t>(value);
  if (changed == 0) return bits.Write(0, 1);
  bits.Write(1, 1);
  const int leading = std::min(std::countl_zero(changed), kLeadingMax);
  const int trailing = std::countr_zero(changed);
  const bool fits = leading_ >= 0 && leading >= leading_ && trailing >= trailing_;
  bits.Write(fits ? 0 : 1, 1);
  if (!fits) {
    leading_ = leading;
    trailing_ = trailing;
    bits.Write(static_cast<uint64_t>(leading), 5);
    bits.Write(static_cast<uint64_t>(64 - leading - trailing) & 63, 6);  // 64 is written as 0
  }
  bits.Write(changed >> trailing_, 64 - leading_ - trailing_);
}

}  // namespace luma::prom
