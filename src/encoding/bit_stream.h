// Bits one after another, least significant first within each byte, for variable-length codes.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace luma::encoding {

// Appends to a byte vector; Finish() writes the last partial byte, padded with zero bits.
class BitWriter {
 public:
  explicit BitWriter(Bytes& out) : out_(out) {}

  // Writes the low `count` (0..64) bits of `value`, whose higher bits must be zero.
  void Write(uint64_t value, int count) {
    word_ |= value << filled_;
    if (filled_ + count < 64) {
      filled_ += count;
      return;
    }
    ByteWriter(out_).Fixed(word_);
    const int written = 64 - filled_;
    word_ = written < 64 ? value >> written : 0;
    filled_ = count - written;
  }
  void Finish() {
    for (; filled_ > 0; filled_ -= 8, word_ >>= 8) out_.push_back(static_cast<std::byte>(word_));
  }

 private:
  Bytes& out_;
  uint64_t word_ = 0;
  int filled_ = 0;  // bits of word_ in use, below 64
};

// Reads bits from outside. Past the end it yields zeros and remembers, so that a loop bounded by
// its value count tests overrun() once at the end.
class BitReader {
 public:
  static constexpr int kPeekBits = 57;  // 64 less the 7 bits an unaligned position can waste

  explicit BitReader(ByteSpan bytes) : bytes_(bytes) {}

  // The next `count` (0..64) bits.
  uint64_t Read(int count) {
    if (count > kPeekBits) {
      const uint64_t low = Read(32);
      return low | (Read(count - 32) << 32);
    }
    const uint64_t value = Peek() & ((uint64_t{1} << count) - 1);
    position_ += count;
    return value;
  }
  // At least kPeekBits bits from here on, the unread ones beyond that unspecified.
  uint64_t Peek() const {
    const size_t byte = position_ / 8;
    const uint64_t word =
        byte + 8 <= bytes_.size() ? LoadLe<uint64_t>(bytes_.data() + byte) : LoadTail(byte);
    return word >> (position_ % 8);
  }
  void Skip(int count) { position_ += count; }

  bool overrun() const { return position_ > bytes_.size() * 8; }
  size_t bytes_used() const { return (position_ + 7) / 8; }
  // Whether the byte in which the last bit was read ends in zeros; not for an overrun.
  bool is_padded_with_zeros() const {
    return position_ % 8 == 0 || (bytes_[position_ / 8] >> (position_ % 8)) == std::byte{0};
  }

 private:
  uint64_t LoadTail(size_t byte) const {
    uint64_t word = 0;
    if (byte < bytes_.size()) std::memcpy(&word, bytes_.data() + byte, bytes_.size() - byte);
    return word;
  }

  ByteSpan bytes_;
  size_t position_ = 0;  // in bits
};

}  // namespace luma::encoding
