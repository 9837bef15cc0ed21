// Reads the fields of one protobuf message from outside, in place and without exceptions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace luma {

// Thread-compatible. Every read is bounded; anything malformed makes ok() false and Next() end.
//
//   while (reader.Next()) {
//     switch (reader.tag()) {
//       case ProtobufReader::Tag(1, ProtobufReader::kBytes): name = reader.Bytes(); break;
//       default: reader.Skip();
//     }
//   }
//   if (!reader.ok()) ...
//
// Each field is read by exactly one of Varint, Double, Bytes and Skip, as its wire type says.
// Groups, which proto3 does not have, are malformed.
class ProtobufReader {
 public:
  enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
  static constexpr uint32_t Tag(uint32_t field, WireType type) { return field << 3 | type; }

  explicit ProtobufReader(std::string_view message)
      : at_(message.data()), end_(message.data() + message.size()) {}

  // Moves to the next field; false at the end and after an error.
  bool Next() {
    if (at_ == end_) return false;
    const uint64_t tag = Varint();
    if (tag > UINT32_MAX || tag < 8) return Fail();
    tag_ = static_cast<uint32_t>(tag);
    return ok();
  }
  uint32_t tag() const { return tag_; }

  uint64_t Varint() {
    if (at_ < end_ && (*at_ & 0x80) == 0) return static_cast<uint64_t>(*at_++);
    return LongVarint();
  }

  double Double() {
    double value = 0;
    if (!Need(sizeof(value))) return 0;
    std::memcpy(&value, at_, sizeof(value));
    at_ += sizeof(value);
    return value;
  }

  std::string_view Bytes() {
    const uint64_t length = Varint();
    if (!Need(length)) return {};
    const std::string_view bytes(at_, length);
    at_ += length;
    return bytes;
  }

  void Skip() {
    switch (tag_ & 7) {
      case kVarint:
        Varint();
        break;
      case kFixed64:
        Advance(8);
        break;
      case kBytes:
        Bytes();
        break;
      case kFixed32:
        Advance(4);
        break;
      default:
        Fail();
    }
  }

  bool ok() const { return ok_; }
  size_t remaining() const { return static_cast<size_t>(end_ - at_); }

 private:
  // Apart from Varint() so that the usual case, one byte, is inlined.
  [[gnu::noinline]] uint64_t LongVarint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 70 && at_ < end_; shift += 7) {
      const auto byte = static_cast<unsigned char>(*at_++);
      if (shift == 63 && byte > 1) break;
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    Fail();
    return 0;
  }
  bool Need(uint64_t count) { return count <= static_cast<uint64_t>(end_ - at_) || Fail(); }
  void Advance(uint64_t count) {
    if (Need(count)) at_ += count;
  }
  bool Fail() {
    ok_ = false;
    at_ = end_;
    return false;
  }

  const char* at_;
  const char* end_;
  uint32_t tag_ = 0;
  bool ok_ = true;
};

}  // namespace luma
