// Reads the body of one protocol message: network byte order, every read bounded.
#pragma once

#include <cstdint>
#include <string_view>

namespace luma::pgwire {

// A read past the end sets a sticky failure and yields zeros, so a decoder reads a whole message
// and tests ok() once. Views point into the body given.
class WireReader {
 public:
  explicit WireReader(std::string_view body) : body_(body) {}

  uint8_t Byte() { return static_cast<uint8_t>(BigEndian(1)); }
  int16_t Int16() { return static_cast<int16_t>(BigEndian(2)); }
  int32_t Int32() { return static_cast<int32_t>(BigEndian(4)); }

  // The text before the next zero byte, which is consumed too.
  std::string_view CString() {
    const size_t end = failed_ ? std::string_view::npos : body_.find('\0', position_);
    if (end == std::string_view::npos) return Fail();
    const std::string_view text = body_.substr(position_, end - position_);
    position_ = end + 1;
    return text;
  }
  std::string_view Raw(size_t count) {
    if (count > remaining()) return Fail();
    const std::string_view bytes = body_.substr(position_, count);
    position_ += count;
    return bytes;
  }

  bool ok() const { return !failed_; }
  size_t remaining() const { return failed_ ? 0 : body_.size() - position_; }
  // Everything was read and nothing failed: the only way a well-formed message ends.
  bool AtEnd() const { return !failed_ && position_ == body_.size(); }

 private:
  uint32_t BigEndian(size_t count) {
    uint32_t value = 0;
    for (const char byte : Raw(count)) value = value << 8 | static_cast<uint8_t>(byte);
    return value;
  }
  std::string_view Fail() {
    failed_ = true;
    return {};
  }

  std::string_view body_;
  size_t position_ = 0;
  bool failed_ = false;
};

}  // namespace luma::pgwire
