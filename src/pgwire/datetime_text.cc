#include "pgwire/datetime_text.h"

#include <fmt/format.h>

#include <cstdlib>
#include <iterator>
#include <string_view>

namespace luma::pgwire {
namespace {

constexpr int32_t kMonthsPerYear = 12;

// Proleptic Gregorian calendar; Howard Hinnant, "chrono-compatible low-level date algorithms".
CivilDate CivilFromDays(int64_t days) {
  days += 719'468;  // from 0000-03-01
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const auto day_of_era = static_cast<unsigned>(days - era * 146'097);
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const unsigned day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted_month = (5 * day_of_year + 2) / 153;
  CivilDate date;
  date.day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  date.month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  date.year = static_cast<int64_t>(year_of_era) + era * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

// Returns whether " BC" is to follow at the very end.
bool AppendCivil(int64_t days, std::string& out) {
  const CivilDate date = CivilFromDays(days);
  const bool is_bc = date.year <= 0;
  const int64_t year = is_bc ? 1 - date.year : date.year;
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}", year, date.month, date.day);
  return is_bc;
}

// ".123456" without trailing zeros; nothing for 0.
void AppendFraction(int64_t micros, std::string& out) {
  if (micros == 0) return;
  fmt::format_to(std::back_inserter(out), ".{:06}", micros);
  while (out.back() == '0') out.pop_back();
}

int64_t FloorDivide(int64_t value, int64_t by) {
  const int64_t quotient = value / by;
  return value % by < 0 ? quotient - 1 : quotient;
}

bool AppendLocal(int64_t micros, std::string& out) {
  const int64_t days = FloorDivide(micros, kMicrosPerDay);
  const bool is_bc = AppendCivil(days, out);
  out.push_back(' ');
  AppendTime(micros - days * kMicrosPerDay, out);
  return is_bc;
}

bool AppendInfinity(bool is_infinity, bool is_minus_infinity, std::string& out) {
  if (is_infinity) out += "infinity";
  if (is_minus_infinity) out += "-infinity";
  return is_infinity || is_minus_infinity;
}

// "+02", "-03:30", and with seconds where history has them.
void AppendOffset(int32_t offset_seconds, std::string& out) {
  const int32_t magnitude = std::abs(offset_seconds);
  fmt::format_to(std::back_inserter(out), "{}{:02}", offset_seconds < 0 ? '-' : '+',
                 magnitude / 3600);
  if (magnitude % 3600 == 0) return;
  fmt::format_to(std::back_inserter(out), ":{:02}", magnitude / 60 % 60);
  if (magnitude % 60 != 0) fmt::format_to(std::back_inserter(out), ":{:02}", magnitude % 60);
}

// The parts of an interval each carry a sign: a positive one after a negative one shows its plus.
class IntervalWriter {
 public:
  explicit IntervalWriter(std::string& out) : out_(out) {}

  void Part(int32_t value, std::string_view unit) {
    if (value == 0) return;
    fmt::format_to(std::back_inserter(out_), "{}{}{} {}{}", empty_ ? "" : " ",
                   previous_negative_ && value > 0 ? "+" : "", value, unit, value == 1 ? "" : "s");
    previous_negative_ = value < 0;
    empty_ = false;
  }
  void Clock(int64_t micros) {
    if (micros == 0 && !empty_) return;
    if (!empty_) out_.push_back(' ');
    if (micros < 0) {
      out_.push_back('-');
    } else if (previous_negative_) {
      out_.push_back('+');
    }
    // Unsigned, since the magnitude of INT64_MIN has no int64.
    const uint64_t magnitude =
        micros < 0 ? ~static_cast<uint64_t>(micros) + 1 : static_cast<uint64_t>(micros);
    const uint64_t seconds = magnitude / kMicrosPerSecond;
    fmt::format_to(std::back_inserter(out_), "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60,
                   seconds % 60);
    AppendFraction(static_cast<int64_t>(magnitude % kMicrosPerSecond), out_);
  }

 private:
  std::string& out_;
  bool empty_ = true;
  bool previous_negative_ = false;
};

}  // namespace

// As above, the other way round.
int64_t DaysFromCivil(const CivilDate& date) {
  const int64_t year = date.month <= 2 ? date.year - 1 : date.year;  // years begin in March
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t shifted_month = date.month > 2 ? date.month - 3 : date.month + 9;
  const int64_t day_of_year = (153 * shifted_month + 2) / 5 + date.day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

void AppendDate(int32_t days, std::string& out) {
  if (AppendInfinity(days == kDateInfinity, days == kDateMinusInfinity, out)) return;
  if (AppendCivil(days, out)) out += " BC";
}

void AppendTime(int64_t micros, std::string& out) {
  const int64_t seconds = micros / kMicrosPerSecond;
  fmt::format_to(std::back_inserter(out), "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60,
                 seconds % 60);
  AppendFraction(micros % kMicrosPerSecond, out);
}

void AppendTimestamp(int64_t micros, std::string& out) {
  if (AppendInfinity(micros == kTimestampInfinity, micros == kTimestampMinusInfinity, out)) return;
  if (AppendLocal(micros, out)) out += " BC";
}

void AppendTimestampTz(int64_t micros, int32_t offset_seconds, std::string& out) {
  if (AppendInfinity(micros == kTimestampInfinity, micros == kTimestampMinusInfinity, out)) return;
  const bool is_bc = AppendLocal(micros + offset_seconds * kMicrosPerSecond, out);
  AppendOffset(offset_seconds, out);
  if (is_bc) out += " BC";
}

void AppendInterval(const IntervalValue& interval, std::string& out) {
  IntervalWriter writer(out);
  writer.Part(interval.months / kMonthsPerYear, "year");
  writer.Part(interval.months % kMonthsPerYear, "mon");
  writer.Part(interval.days, "day");
  writer.Clock(interval.micros);
}

}  // namespace luma::pgwire
