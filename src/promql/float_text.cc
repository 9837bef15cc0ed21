#include "promql/float_text.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string_view>

namespace luma::promql {
namespace {

// "d.ddde+xx", the shortest digits, to the same without an exponent.
std::string WithoutExponent(std::string_view scientific) {
  const size_t mark = scientific.find('e');
  std::string digits(scientific.substr(0, mark));
  int exponent = 0;
  const char* const first = scientific.data() + mark + (scientific[mark + 1] == '+' ? 2 : 1);
  std::from_chars(first, scientific.data() + scientific.size(), exponent);
  if (const size_t point = digits.find('.'); point != std::string::npos) digits.erase(point, 1);
  const auto count = static_cast<int>(digits.size());
  if (exponent < 0) return "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  if (exponent >= count - 1)
    return digits + std::string(static_cast<size_t>(exponent - count + 1), '0');
  return digits.insert(static_cast<size_t>(exponent) + 1, 1, '.');
}

}  // namespace

std::string FloatText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), std::fabs(value),
                                          std::chars_format::scientific);
  static_cast<void>(error);  // 24 characters at most
  const std::string text = WithoutExponent({buffer, static_cast<size_t>(end - buffer)});
  return std::signbit(value) ? "-" + text : text;
}

}  // namespace luma::promql
