#include "pgwire/numeric_format.h"

#include <algorithm>
#include <cstdint>

#include "pgwire/wire_writer.h"

namespace luma::pgwire {
namespace {

__extension__ using UInt128 = unsigned __int128;

constexpr int kGroupDigits = 4;
constexpr int16_t kPositive = 0x0000;
constexpr int16_t kNegative = 0x4000;

// The digits before and after the point. `whole` has no leading zeros and may be empty.
struct Digits {
  std::string whole;
  std::string fraction;  // `scale` of them
};

Digits DigitsOf(Int128 value, int scale) {
  UInt128 magnitude = static_cast<UInt128>(static_cast<uint64_t>(value.high)) << 64 | value.low;
  if (value.high < 0) magnitude = ~magnitude + 1;
  std::string reversed;
  for (; magnitude > 0; magnitude /= 10)
    reversed.push_back(static_cast<char>('0' + magnitude % 10));
  const auto fraction_digits = static_cast<size_t>(scale);
  if (reversed.size() < fraction_digits) reversed.append(fraction_digits - reversed.size(), '0');
  std::reverse(reversed.begin(), reversed.end());
  const size_t whole_digits = reversed.size() - fraction_digits;
  return {reversed.substr(0, whole_digits), reversed.substr(whole_digits)};
}

int16_t GroupAt(const std::string& digits, size_t at) {
  int value = 0;
  for (int i = 0; i < kGroupDigits; ++i)
    value = value * 10 + (digits[at + static_cast<size_t>(i)] - '0');
  return static_cast<int16_t>(value);
}

}  // namespace

void AppendNumericText(Int128 value, int scale, std::string& out) {
  const Digits digits = DigitsOf(value, scale);
  if (value.high < 0) out.push_back('-');
  out += digits.whole.empty() ? "0" : digits.whole;
  if (scale == 0) return;
  out.push_back('.');
  out += digits.fraction;
}

void AppendNumericBinary(Int128 value, int scale, std::string& out) {
  const Digits digits = DigitsOf(value, scale);
  // Groups align at the point: zeros fill the first group of the whole and the last of the
  // fraction.
  const size_t whole_fill = (kGroupDigits - digits.whole.size() % kGroupDigits) % kGroupDigits;
  const size_t fraction_fill =
      (kGroupDigits - digits.fraction.size() % kGroupDigits) % kGroupDigits;
  const std::string all = std::string(whole_fill, '0') + digits.whole + digits.fraction +
                          std::string(fraction_fill, '0');
  size_t first = 0;
  size_t last = all.size() / kGroupDigits;
  while (first < last && GroupAt(all, first * kGroupDigits) == 0) ++first;
  while (last > first && GroupAt(all, (last - 1) * kGroupDigits) == 0) --last;
  const size_t whole_groups = (digits.whole.size() + whole_fill) / kGroupDigits;
  const bool is_zero = first == last;

  WireWriter writer(out);
  writer.Int16(static_cast<int16_t>(last - first));
  writer.Int16(is_zero ? int16_t{0} : static_cast<int16_t>(whole_groups - first - 1));
  writer.Int16(value.high < 0 ? kNegative : kPositive);
  writer.Int16(static_cast<int16_t>(scale));
  for (size_t group = first; group < last; ++group)
    writer.Int16(GroupAt(all, group * kGroupDigits));
}

}  // namespace luma::pgwire
