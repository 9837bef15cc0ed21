// Byte spans and little-endian loads, stores and a bounded reader for bytes from outside.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace luma {

static_assert(std::endian::native == std::endian::little, "on-disk formats are little-endian");

using Bytes = std::vector<std::byte>;
using ByteSpan = std::span<const std::byte>;

inline ByteSpan AsBytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view AsText(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Unaligned little-endian load and store of a trivially copyable value.
template <typename T>
T LoadLe(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}
template <typename T>
void StoreLe(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof(T));
}

// Appends to a byte vector; never fails.
class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}

  template <typename T>
  void Fixed(T value) {
    const size_t at = out_.size();
    out_.resize(at + sizeof(T));
    StoreLe(out_.data() + at, value);
  }
  void Varint(uint64_t value) {  // LEB128, 1..10 bytes
    while (value >= 0x80) {
      out_.push_back(static_cast<std::byte>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<std::byte>(value));
  }
  void SignedVarint(int64_t value) {  // zigzag
    Varint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
  }
  void Raw(ByteSpan bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void LengthPrefixed(std::string_view text) {
    Varint(text.size());
    Raw(AsBytes(text));
  }
  size_t size() const { return out_.size(); }

 private:
  Bytes& out_;
};

// Reads bytes from outside: every read is bounded, a read past the end sets a sticky failure and
// yields zeros, so a decoder reads a whole header and tests ok() once.
class ByteReader {
 public:
  explicit ByteReader(ByteSpan bytes) : bytes_(bytes) {}

  template <typename T>
  T Fixed() {
    if (remaining() < sizeof(T)) return Fail<T>();
    T value = LoadLe<T>(bytes_.data() + position_);
    position_ += sizeof(T);
    return value;
  }
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (remaining() == 0) return Fail<uint64_t>();
      const auto byte = static_cast<uint64_t>(bytes_[position_++]);
      if (shift == 63 && byte > 1) return Fail<uint64_t>();
      value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return Fail<uint64_t>();
  }
  int64_t SignedVarint() {
    const uint64_t value = Varint();
    return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
  }
  ByteSpan Raw(uint64_t count) {
    if (count > remaining()) return Fail<ByteSpan>();
    const ByteSpan bytes = bytes_.subspan(position_, count);
    position_ += count;
    return bytes;
  }
  std::string_view LengthPrefixed() { return AsText(Raw(Varint())); }

  bool ok() const { return !failed_; }
  size_t position() const { return position_; }
  size_t remaining() const { return failed_ ? 0 : bytes_.size() - position_; }

 private:
  template <typename T>
  T Fail() {
    failed_ = true;
    return T{};
  }

  ByteSpan bytes_;
  size_t position_ = 0;
  bool failed_ = false;
};

}  // namespace luma
