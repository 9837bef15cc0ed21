#include "pgwire/frame_buffer.h"

namespace luma::pgwire {
namespace {

constexpr size_t kTypeBytes = 1;
constexpr size_t kLengthBytes = 4;
constexpr size_t kHeaderBytes = kTypeBytes + kLengthBytes;
constexpr uint32_t kStartupBytesMin = 8;  // length and protocol version
constexpr size_t kIdleMemoryBytes = 1024;

Status BadLength(std::string_view what, uint32_t length) {
  return Status::InvalidArgument("invalid length of ", what, ": length=", length)
      .WithSqlState("08P01");
}

}  // namespace

void FrameBuffer::Append(std::string_view bytes) {
  bytes_.erase(0, position_);
  position_ = 0;
  bytes_.append(bytes);
}

Result<std::optional<std::string_view>> FrameBuffer::NextStartupPacket() {
  if (unread_bytes() < kLengthBytes) return std::optional<std::string_view>();
  const uint32_t length = LengthAt(position_);
  if (length < kStartupBytesMin || length > kStartupBytesMax) {
    return BadLength("startup packet", length);
  }
  if (unread_bytes() < length) return std::optional<std::string_view>();
  const auto body =
      std::string_view(bytes_).substr(position_ + kLengthBytes, length - kLengthBytes);
  position_ += length;
  return std::optional(body);
}

Result<std::optional<Frame>> FrameBuffer::Next(uint32_t body_bytes_max) {
  if (unread_bytes() < kHeaderBytes) return std::optional<Frame>();
  const uint32_t length = LengthAt(position_ + kTypeBytes);
  if (length < kLengthBytes || length - kLengthBytes > body_bytes_max) {
    return BadLength("message", length);
  }
  if (unread_bytes() < kTypeBytes + length) return std::optional<Frame>();
  Frame frame;
  frame.type = bytes_[position_];
  frame.body = std::string_view(bytes_).substr(position_ + kHeaderBytes, length - kLengthBytes);
  position_ += kTypeBytes + length;
  return std::optional(frame);
}

std::optional<char> FrameBuffer::PeekType() const {
  if (unread_bytes() < kTypeBytes) return std::nullopt;
  return bytes_[position_];
}

bool FrameBuffer::HasMessage(uint32_t body_bytes_max) const {
  if (unread_bytes() < kHeaderBytes) return false;
  const uint32_t length = LengthAt(position_ + kTypeBytes);
  return length < kLengthBytes || length - kLengthBytes > body_bytes_max ||
         unread_bytes() >= kTypeBytes + length;
}

void FrameBuffer::ReleaseMemory() {
  bytes_.erase(0, position_);
  position_ = 0;
  // A part of a message stays as it is: shrinking whenever a piece has arrived would copy it each
  // time.
  const bool mostly_empty = bytes_.size() < bytes_.capacity() / 4;
  if (mostly_empty && bytes_.capacity() > kIdleMemoryBytes) bytes_.shrink_to_fit();
}

uint32_t FrameBuffer::LengthAt(size_t offset) const {
  uint32_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) {
    length = length << 8 | static_cast<uint8_t>(bytes_[offset + i]);
  }
  return length;
}

}  // namespace luma::pgwire
