#include "net/access.h"

#include <cstdint>
#include <optional>
#include <string>

namespace luma::net {
namespace {

int Base64Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

std::optional<std::string> Base64Decode(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  uint32_t bits = 0;
  int bit_count = 0;
  for (const char c : text) {
    const int digit = Base64Digit(c);
    if (digit < 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    out.push_back(static_cast<char>(bits >> bit_count));
  }
  return out;
}

}  // namespace

bool PassesBasicAuth(const HttpRequest& request, const PasswordCheck& check) {
  std::string_view header = request.Header("Authorization");
  if (header.size() < 6 || !EqualsIgnoringCase(header.substr(0, 6), "Basic ")) return false;
  const std::optional<std::string> credentials = Base64Decode(header.substr(6));
  if (!credentials) return false;
  const std::string_view text = *credentials;
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  return check.Check(text.substr(0, colon), text.substr(colon + 1));
}

}  // namespace luma::net
