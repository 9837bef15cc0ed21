#include "pgwire/float_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string_view>

namespace luma::pgwire {
namespace {

// Where PostgreSQL's shortest output changes to exponent form: as printf's %g with this precision.
constexpr int kFloat4Digits = 6;
constexpr int kFloat8Digits = 15;
constexpr int kFixedExponentMin = -4;

template <typename Float>
bool AppendSpecial(Float value, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value < 0 ? "-Infinity" : "Infinity";
  } else {
    return false;
  }
  return true;
}

// `digits` are d[.ddd] of a number d.ddd * 10^exponent.
void AppendFixed(std::string_view digits, int exponent, std::string& out) {
  std::string plain(digits.substr(0, 1));
  if (digits.size() > 2) plain += digits.substr(2);
  if (exponent < 0) {
    out += "0.";
    out.append(static_cast<size_t>(-exponent - 1), '0');
    out += plain;
    return;
  }
  const size_t whole_digits = static_cast<size_t>(exponent) + 1;
  if (plain.size() <= whole_digits) {
    out += plain;
    out.append(whole_digits - plain.size(), '0');
    return;
  }
  out.append(plain, 0, whole_digits);
  out.push_back('.');
  out.append(plain, whole_digits);
}

template <typename Float>
void AppendShortest(Float value, int exponent_limit, std::string& out) {
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific);
  std::string_view text(buffer, static_cast<size_t>(end.ptr - buffer));
  if (text.front() == '-') {
    out.push_back('-');
    text.remove_prefix(1);
  }
  const size_t mark = text.find('e');
  int exponent = 0;
  const char* exponent_text = text.data() + mark + 1;
  if (*exponent_text == '+') ++exponent_text;
  std::from_chars(exponent_text, text.data() + text.size(), exponent);
  if (exponent < kFixedExponentMin || exponent >= exponent_limit) {
    out += text;  // to_chars writes at least two exponent digits and the sign, as PostgreSQL does
  } else {
    AppendFixed(text.substr(0, mark), exponent, out);
  }
}

template <typename Float>
void AppendFloat(Float value, int digits, int extra_float_digits, std::string& out) {
  if (AppendSpecial(value, out)) return;
  if (extra_float_digits > 0) {
    AppendShortest(value, digits, out);
    return;
  }
  char buffer[64];
  const int precision = std::max(1, digits + extra_float_digits);
  const int size =
      std::snprintf(buffer, sizeof(buffer), "%.*g", precision, static_cast<double>(value));
  out.append(buffer, static_cast<size_t>(size));
}

}  // namespace

void AppendFloat4(float value, int extra_float_digits, std::string& out) {
  AppendFloat(value, kFloat4Digits, extra_float_digits, out);
}

void AppendFloat8(double value, int extra_float_digits, std::string& out) {
  AppendFloat(value, kFloat8Digits, extra_float_digits, out);
}

}  // namespace luma::pgwire
