#include "promql/quoted_text.h"

#include "model/utf8.h"

namespace luma::promql {

std::string QuotedText(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const bool valid = IsValidUtf8(text);
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result.append({'\\', c});
    } else if (byte < 0x20 || (byte >= 0x80 && !valid)) {
      result.append({'\\', 'x', kHex[byte >> 4], kHex[byte & 15]});
    } else {
      result.push_back(c);
    }
  }
  return result + "\"";
}

}  // namespace luma::promql
