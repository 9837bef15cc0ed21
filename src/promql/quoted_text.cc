#include "promql/quoted_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "model/utf8.h"

namespace luma::promql {
namespace {

constexpr size_t kUtf8BytesMax = 4;

// The bytes of the character at the front of `text`, 0 when there is no valid one.
size_t CharacterBytes(std::string_view text) {
  for (size_t bytes = 1; bytes <= std::min(text.size(), kUtf8BytesMax); ++bytes) {
    if (IsValidUtf8(text.substr(0, bytes))) return bytes;
  }
  return 0;
}

uint32_t CodeOf(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  uint32_t code = character.size() == 1 ? first : first & (0x7fu >> character.size());
  for (size_t i = 1; i < character.size(); ++i) {
    code = code << 6 | (static_cast<unsigned char>(character[i]) & 0x3f);
  }
  return code;
}

bool IsInvisible(uint32_t code) {
  constexpr struct {
    uint32_t first, last;
  } kRanges[] = {{0x80, 0xa0},     {0xad, 0xad},     {0x2000, 0x200f}, {0x2028, 0x202f},
                 {0x205f, 0x206f}, {0x3000, 0x3000}, {0xe000, 0xf8ff}, {0xfeff, 0xfeff}};
  return std::any_of(std::begin(kRanges), std::end(kRanges), [code](const auto& range) {
    return code >= range.first && code <= range.last;
  });
}

void AppendAscii(char c, std::string& out) {
  constexpr std::string_view kEscaped = "\a\b\f\n\r\t\v\"\\";
  constexpr std::string_view kLetters = "abfnrtv\"\\";
  const size_t at = kEscaped.find(c);
  if (at != std::string_view::npos) {
    out.append({'\\', kLetters[at]});
  } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
  } else {
    out.push_back(c);
  }
}

}  // namespace

std::string QuotedText(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const std::string_view character = text.substr(0, CharacterBytes(text));
    if (character.empty()) {
      fmt::format_to(std::back_inserter(quoted), "\\x{:02x}", static_cast<unsigned char>(text[0]));
    } else if (character.size() == 1) {
      AppendAscii(character[0], quoted);
    } else if (const uint32_t code = CodeOf(character); IsInvisible(code)) {
      fmt::format_to(std::back_inserter(quoted), "\\u{:04x}", code);
    } else {
      quoted.append(character);
    }
    text.remove_prefix(std::max<size_t>(character.size(), 1));
  }
  return quoted.append("\"");
}

}  // namespace luma::promql
