#include "rules/expression_link.h"

#include <fmt/format.h>

namespace luma::rules {

std::string QueryEscaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string ExpressionLink(std::string_view expression, char tab) {
  return "/graph?g0.expr=" + QueryEscaped(expression) + "&g0.tab=" + tab;
}

}  // namespace luma::rules
