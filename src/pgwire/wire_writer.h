// Appends protocol messages to an output buffer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"

namespace luma::pgwire {

// A message is Begin(type), its fields, End(); the length field is filled in by End. Within a
// message, a value of unknown length is BeginValue(), its bytes, EndValue().
class WireWriter {
 public:
  explicit WireWriter(std::string& out) : out_(out) {}

  void Begin(char type) {
    out_.push_back(type);
    message_at_ = out_.size();
    Int32(0);
  }
  void End() { PatchInt32(message_at_, out_.size() - message_at_); }  // the length counts itself

  // Forgets the message begun last.
  void Abandon() { out_.resize(message_at_ - 1); }
  size_t message_bytes() const { return out_.size() - message_at_; }

  void BeginValue() {
    value_at_ = out_.size();
    Int32(0);
  }
  void EndValue() { PatchInt32(value_at_, out_.size() - value_at_ - 4); }
  void NullValue() { Int32(-1); }

  void Byte(char value) { out_.push_back(value); }
  void Int16(int16_t value) { BigEndian<2>(static_cast<uint16_t>(value)); }
  void Int32(int32_t value) { BigEndian<4>(static_cast<uint32_t>(value)); }
  void Int64(int64_t value) { BigEndian<8>(static_cast<uint64_t>(value)); }
  void Raw(std::string_view bytes) { out_.append(bytes); }
  // A zero byte inside `text` would end it early for the peer: the text is cut there.
  void CString(std::string_view text) {
    out_.append(text.substr(0, text.find('\0')));
    out_.push_back('\0');
  }
  std::string& out() { return out_; }

 private:
  template <int bytes>
  void BigEndian(uint64_t value) {
    char buffer[bytes];
    for (int i = 0; i < bytes; ++i) buffer[i] = static_cast<char>(value >> (8 * (bytes - 1 - i)));
    out_.append(buffer, bytes);
  }
  void PatchInt32(size_t at, size_t value) {
    LUMA_CHECK(value <= INT32_MAX);
    for (int i = 0; i < 4; ++i) out_[at + i] = static_cast<char>(value >> (24 - 8 * i));
  }

  std::string& out_;
  size_t message_at_ = 0;
  size_t value_at_ = 0;
};

}  // namespace luma::pgwire
