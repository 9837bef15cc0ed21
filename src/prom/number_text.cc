#include "prom/number_text.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace luma::prom {
namespace {

// Outside of these, numbers have an exponent.
constexpr double kPlainMin = 1e-6;
constexpr double kPlainEnd = 1e21;

// Between these, the shortest digits have no zeros in the place of others: what std::to_chars
// prints without an exponent is what Go prints.
constexpr double kShortMin = 1e-5;
constexpr double kShortEnd = 1e15;
constexpr size_t kShortBytes = 32;  // 17 digits, sign, point and five zeros are the most

// "-d.ddde±xx" with the shortest digits, in `text`. std::chars_format::fixed would print large
// values exactly, with digits that Go replaces by zeros.
constexpr size_t kScientificBytes = 32;
std::string_view Scientific(double value, char (&text)[kScientificBytes]) {
  const auto [end, error] =
      std::to_chars(text, text + kScientificBytes, value, std::chars_format::scientific);
  return {text, static_cast<size_t>(end - text)};
}

// Lays out digits d1d2d3... with the decimal point after `point` of them.
void AppendDigits(std::string_view digits, int point, std::string& out) {
  const int count = static_cast<int>(digits.size());
  if (point <= 0) {
    out.append("0.").append(static_cast<size_t>(-point), '0').append(digits);
  } else if (point >= count) {
    out.append(digits).append(static_cast<size_t>(point - count), '0');
  } else {
    out.append(digits.substr(0, static_cast<size_t>(point)));
    out.push_back('.');
    out.append(digits.substr(static_cast<size_t>(point)));
  }
}

}  // namespace

void AppendFloat(double value, std::string& out) {
  const double size = std::fabs(value);
  const bool is_plain = value == 0 || (size >= kPlainMin && size < kPlainEnd);
  if (is_plain || !std::isfinite(value)) return AppendPlainFloat(value, out);
  char text[kScientificBytes];
  out.append(Scientific(value, text));
}

void AppendPlainFloat(double value, std::string& out) {
  if (const double size = std::fabs(value); size >= kShortMin && size < kShortEnd) {
    char text[kShortBytes];
    const auto [end, error] =
        std::to_chars(text, text + kShortBytes, value, std::chars_format::fixed);
    out.append(text, end);
    return;
  }
  if (std::isnan(value)) {
    out.append("NaN");
    return;
  }
  if (std::isinf(value)) {
    out.append(value > 0 ? "+Inf" : "-Inf");
    return;
  }
  if (std::signbit(value)) out.push_back('-');
  if (value == 0) {
    out.push_back('0');
    return;
  }
  char text[kScientificBytes];
  const std::string_view scientific = Scientific(std::fabs(value), text);
  const size_t exponent_at = scientific.find('e');
  std::string digits(1, scientific[0]);
  if (exponent_at > 1) digits.append(scientific.substr(2, exponent_at - 2));
  const bool negative_exponent = scientific[exponent_at + 1] == '-';
  const std::string_view exponent_text = scientific.substr(exponent_at + 2);  // after the sign
  int exponent = 0;
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
  AppendDigits(digits, (negative_exponent ? -exponent : exponent) + 1, out);
}

void AppendTimestamp(UnixMillis millis, std::string& out) {
  const bool negative = millis < 0;
  const uint64_t size =
      negative ? 0 - static_cast<uint64_t>(millis) : static_cast<uint64_t>(millis);
  if (negative) out.push_back('-');
  char seconds[20];
  const auto [end, error] = std::to_chars(seconds, seconds + sizeof(seconds), size / 1000);
  out.append(seconds, end);
  const uint64_t fraction = size % 1000;
  if (fraction == 0) return;
  out.push_back('.');
  for (const uint64_t unit : {100, 10, 1}) {
    out.push_back(static_cast<char>('0' + fraction / unit % 10));
  }
}

}  // namespace luma::prom
