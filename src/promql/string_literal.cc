#include "promql/string_literal.h"

#include <cstdint>

namespace luma::promql {
namespace {

constexpr uint32_t kCodePointMax = 0x10ffff;

void AppendUtf8(uint32_t code, std::string& out) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
    return;
  }
  if (code < 0x800) {
    out.push_back(static_cast<char>(0xc0 | code >> 6));
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xe0 | code >> 12));
    out.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
  } else {
    out.push_back(static_cast<char>(0xf0 | code >> 18));
    out.push_back(static_cast<char>(0x80 | (code >> 12 & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
  }
  out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
}

int DigitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 16;
}

// Exactly `count` digits of `base` at text[at]; false when there are fewer.
bool ReadDigits(std::string_view text, size_t at, size_t count, int base, uint32_t& value) {
  if (text.size() < at + count) return false;
  value = 0;
  for (size_t i = at; i < at + count; ++i) {
    const int digit = DigitValue(text[i]);
    if (digit >= base) return false;
    value = value * static_cast<uint32_t>(base) + static_cast<uint32_t>(digit);
  }
  return true;
}

char SimpleEscape(char c) {
  switch (c) {
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    case '\\':
    case '\'':
    case '"':
      return c;
    default:
      return '\0';
  }
}

// Reads the escape whose backslash is at text[at]; returns its bytes, 0 when it is none.
size_t ReadEscape(std::string_view text, size_t at, char quote, std::string& out) {
  if (at + 1 >= text.size()) return 0;
  const char c = text[at + 1];
  if ((c == '\'' || c == '"') && c != quote) return 0;
  if (const char simple = SimpleEscape(c); simple != '\0') {
    out.push_back(simple);
    return 2;
  }
  uint32_t value = 0;
  if (c == 'x' && ReadDigits(text, at + 2, 2, 16, value)) {
    out.push_back(static_cast<char>(value));
    return 4;
  }
  if (ReadDigits(text, at + 1, 3, 8, value) && value < 256) {
    out.push_back(static_cast<char>(value));
    return 4;
  }
  const size_t digits = c == 'u' ? 4 : c == 'U' ? 8 : 0;
  if (digits == 0 || !ReadDigits(text, at + 2, digits, 16, value)) return 0;
  if (value > kCodePointMax || (value >= 0xd800 && value < 0xe000)) return 0;
  AppendUtf8(value, out);
  return digits + 2;
}

}  // namespace

size_t ReadStringLiteral(std::string_view text, std::string& out, std::string_view& error) {
  const char quote = text[0];
  out.clear();
  for (size_t at = 1; at < text.size();) {
    const char c = text[at];
    if (c == quote) return at + 1;
    if (quote != '`' && c == '\n') break;
    if (quote != '`' && c == '\\') {
      const size_t length = ReadEscape(text, at, quote, out);
      if (length == 0) {
        error = "unknown escape sequence in string";
        return 0;
      }
      at += length;
      continue;
    }
    out.push_back(c);
    ++at;
  }
  error = quote == '`' ? "unterminated raw string" : "unterminated quoted string";
  return 0;
}

}  // namespace luma::promql
