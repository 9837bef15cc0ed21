// Cuts the byte stream of a client into messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace luma::pgwire {

inline constexpr uint32_t kStartupBytesMax = 10'000;  // as PostgreSQL
inline constexpr uint32_t kPreAuthMessageBytesMax = 64 << 10;
inline constexpr uint32_t kMessageBytesMaxDefault = 64 << 20;

struct Frame {
  char type = 0;
  std::string_view body;
};

// Bytes received and not yet handled. A declared length is compared with the limit and then only
// waited for: memory grows with the bytes that arrive. Thread-compatible.
class FrameBuffer {
 public:
  // Invalidates frames given out.
  void Append(std::string_view bytes);

  // The next complete startup packet (no type byte), or nothing yet. Errors: a declared length
  // outside 8..kStartupBytesMax; the connection cannot go on.
  Result<std::optional<std::string_view>> NextStartupPacket();
  // The next complete message, or nothing yet. Errors: a declared length below 4 or with more than
  // `body_bytes_max` of body; the connection cannot go on.
  Result<std::optional<Frame>> Next(uint32_t body_bytes_max);

  // The type of the message after the one given out last, if its first byte is here.
  std::optional<char> PeekType() const;
  // True when Next would give a frame or an error.
  bool HasMessage(uint32_t body_bytes_max) const;

  size_t unread_bytes() const { return bytes_.size() - position_; }
  size_t memory_bytes() const { return bytes_.capacity(); }
  // Gives back the memory of what was handled; invalidates frames given out. Cheap while a message
  // is arriving.
  void ReleaseMemory();

 private:
  uint32_t LengthAt(size_t offset) const;

  std::string bytes_;
  size_t position_ = 0;  // everything before it was given out
};

}  // namespace luma::pgwire
