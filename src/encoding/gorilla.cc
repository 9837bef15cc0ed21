#include "encoding/gorilla.h"

#include <algorithm>
#include <bit>

#include "encoding/bit_stream.h"

namespace luma::encoding {
namespace {

constexpr int kLeadingBits = 5;
constexpr int kLeadingMax = (1 << kLeadingBits) - 1;
constexpr int kLengthBits = 6;
constexpr int kWindowBits = kLeadingBits + kLengthBits;

// Control bits, in the order in which they are written: 0 = same value; 1,0 = bits inside the
// window of the last new one; 1,1 = a new window follows.
constexpr uint64_t kReuseWindow = 0b01;
constexpr uint64_t kNewWindow = 0b11;
constexpr int kControlBits = 2;

// The bits of an XOR that may be set: `length` bits, `trailing` bits above the lowest.
struct Window {
  int trailing = 0;
  int length = 0;
};

Window WindowOf(uint64_t bits) {
  const int leading = std::min(std::countl_zero(bits), kLeadingMax);
  const int trailing = std::countr_zero(bits);
  return {trailing, 64 - leading - trailing};
}

// Whether to write `bits` into the current window rather than into `tight`, the best one for them.
bool ReuseWindow(const Window& current, const Window& tight) {
  const bool holds = tight.trailing >= current.trailing &&
                     tight.trailing + tight.length <= current.trailing + current.length;
  return holds && current.length <= tight.length + kWindowBits;
}

void WriteXor(uint64_t bits, Window& window, BitWriter& writer) {
  if (bits == 0) return writer.Write(0, 1);
  const Window tight = WindowOf(bits);
  if (ReuseWindow(window, tight)) {
    writer.Write(kReuseWindow, kControlBits);
  } else {
    window = tight;
    writer.Write(kNewWindow, kControlBits);
    writer.Write(static_cast<uint64_t>(64 - window.length - window.trailing), kLeadingBits);
    writer.Write(static_cast<uint64_t>(window.length - 1), kLengthBits);
  }
  writer.Write(bits >> window.trailing, window.length);
}

// The window at the lowest bits of `header`. False: it does not fit 64 bits.
bool ReadWindow(uint64_t header, Window& window) {
  const int leading = static_cast<int>(header & kLeadingMax);
  window.length = static_cast<int>((header >> kLeadingBits) & ((1 << kLengthBits) - 1)) + 1;
  window.trailing = 64 - leading - window.length;
  return window.trailing >= 0;
}

// The bits inside the window, after `header_bits` of `word`, which is what `reader` peeked at:
// mostly that word holds them too, and no second load is needed.
uint64_t ReadWindowBits(BitReader& reader, uint64_t word, int header_bits, int length) {
  if (header_bits + length > BitReader::kPeekBits) {
    reader.Skip(header_bits);
    return reader.Read(length);
  }
  reader.Skip(header_bits + length);
  return (word >> header_bits) & ((uint64_t{1} << length) - 1);
}

}  // namespace

void EncodeGorilla(std::span<const uint64_t> values, Bytes& out) {
  if (values.empty()) return;
  BitWriter writer(out);
  writer.Write(values[0], 64);
  Window window;
  for (size_t i = 1; i < values.size(); ++i) WriteXor(values[i] ^ values[i - 1], window, writer);
  writer.Finish();
}

bool DecodeGorilla(ByteReader& reader, std::span<uint64_t> out) {
  if (out.empty()) return true;
  const ByteSpan bytes = reader.Raw(reader.remaining());
  BitReader bits(bytes);
  uint64_t value = out[0] = bits.Read(64);
  Window window;
  for (size_t i = 1; i < out.size(); ++i) {
    const uint64_t word = bits.Peek();
    if ((word & 1) == 0) {
      bits.Skip(1);
    } else {
      const bool is_new = (word & kNewWindow) == kNewWindow;
      if (is_new && !ReadWindow(word >> kControlBits, window)) return false;
      if (window.length == 0) return false;  // reuses a window before there was one
      const int header_bits = is_new ? kControlBits + kWindowBits : kControlBits;
      value ^= ReadWindowBits(bits, word, header_bits, window.length) << window.trailing;
    }
    out[i] = value;
  }
  return !bits.overrun() && bits.bytes_used() == bytes.size() && bits.is_padded_with_zeros();
}

}  // namespace luma::encoding
