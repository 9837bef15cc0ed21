#include "model/utf8.h"

#include <cstdint>
#include <cstring>

namespace luma {
namespace {

size_t AsciiPrefix(std::string_view text) {
  size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + at, 8);
    if ((word & 0x8080808080808080ull) != 0) break;
  }
  while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
  return at;
}

bool IsContinuation(std::string_view text, size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
}

// Bytes of the well-formed multi-byte character at the start of `text`, 0 when there is none.
// The bounds on the second byte exclude overlong forms and surrogates (Unicode table 3-7).
size_t MultiByteLength(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0xc2 || lead > 0xf4 || !IsContinuation(text, 1)) return 0;
  const auto second = static_cast<unsigned char>(text[1]);
  if (lead < 0xe0) return 2;
  if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f)) return 0;
  if ((lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) return 0;
  if (!IsContinuation(text, 2)) return 0;
  if (lead < 0xf0) return 3;
  return IsContinuation(text, 3) ? 4 : 0;
}

}  // namespace

bool IsAscii(std::string_view text) { return AsciiPrefix(text) == text.size(); }

bool IsValidUtf8(std::string_view text) {
  while (true) {
    text.remove_prefix(AsciiPrefix(text));
    if (text.empty()) return true;
    const size_t length = MultiByteLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
}

}  // namespace luma
