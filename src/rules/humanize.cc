// Numbers for people, as Prometheus writes them.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <string_view>

#include "promql/float_text.h"
#include "rules/internal/template_functions.h"

namespace luma::rules {
namespace {

// Go's %.4g.
std::string FourDigits(double value) {
  return std::isfinite(value) ? fmt::format("{:.4g}", value) : promql::FloatText(value);
}

constexpr std::string_view kLargePrefixes[] = {"k", "M", "G", "T", "P", "E", "Z", "Y"};
constexpr std::string_view kBinaryPrefixes[] = {"ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"};
constexpr std::string_view kSmallPrefixes[] = {"m", "u", "n", "p", "f", "a", "z", "y"};

// Divides by `base` for each prefix until less than `base` is left.
template <size_t kCount>
std::string Large(double value, double base, const std::string_view (&prefixes)[kCount]) {
  std::string_view prefix;
  for (const std::string_view next : prefixes) {
    if (std::fabs(value) < base) break;
    prefix = next;
    value /= base;
  }
  return FourDigits(value).append(prefix);
}

std::string Small(double value) {
  std::string_view prefix;
  for (const std::string_view next : kSmallPrefixes) {
    if (std::fabs(value) >= 1) break;
    prefix = next;
    value *= 1000;
  }
  return FourDigits(value).append(prefix);
}

}  // namespace

std::string Humanize(double value) {
  if (value == 0 || !std::isfinite(value)) return FourDigits(value);
  return std::fabs(value) >= 1 ? Large(value, 1000, kLargePrefixes) : Small(value);
}

std::string Humanize1024(double value) {
  if (std::fabs(value) <= 1 || !std::isfinite(value)) return FourDigits(value);
  return Large(value, 1024, kBinaryPrefixes);
}

std::string HumanizeDuration(double seconds) {
  if (!std::isfinite(seconds)) return FourDigits(seconds);
  if (seconds == 0) return FourDigits(seconds) + "s";
  if (std::fabs(seconds) < 1) return Small(seconds) + "s";
  const std::string_view sign = seconds < 0 ? "-" : "";
  const double length = std::fabs(seconds);
  if (length < 60) return fmt::format("{}{}s", sign, FourDigits(length));
  const auto whole = static_cast<int64_t>(std::min(length, 9e18));
  const int64_t minutes = whole / 60 % 60;
  const int64_t hours = whole / 3600 % 24;
  const int64_t days = whole / 86'400;
  std::string text(sign);
  if (days > 0) text += fmt::format("{}d ", days);
  if (days > 0 || hours > 0) text += fmt::format("{}h ", hours);
  return text + fmt::format("{}m {}s", minutes, whole % 60);
}

std::string HumanizePercentage(double value) { return FourDigits(value * 100) + "%"; }

Result<std::string> HumanizeTimestamp(double seconds) {
  if (!std::isfinite(seconds)) return FourDigits(seconds);
  const double nanoseconds = seconds * 1e9;
  if (std::fabs(nanoseconds) > static_cast<double>(std::numeric_limits<int64_t>::max())) {
    return Status::InvalidArgument(
        promql::FloatText(seconds),
        " cannot be represented as a nanoseconds timestamp since it overflows int64");
  }
  const std::chrono::sys_time<std::chrono::milliseconds> time{
      std::chrono::milliseconds(static_cast<int64_t>(nanoseconds) / 1'000'000)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::string text =
      fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (clock.subseconds().count() > 0) {
    text += fmt::format(".{:03}", clock.subseconds().count());
    while (text.ends_with('0')) text.pop_back();
  }
  return text + " +0000 UTC";
}

}  // namespace luma::rules
