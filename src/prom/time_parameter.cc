#include "prom/time_parameter.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>

#include "promql/lexer.h"

namespace luma::prom {
namespace {

// Prometheus' minTime and maxTime: what fits its own clock type.
constexpr std::string_view kBeginningText = "-292273086-05-16T16:47:06Z";
constexpr std::string_view kEndText = "+292277025-08-18T07:12:54.999999999Z";
constexpr UnixMillis kBeginning = -9'223'372'036'854'775LL * 1000 + 0;
constexpr UnixMillis kEnd = 9'223'372'036'854'774LL * 1000 + 999;
// Seconds whose milliseconds fit an int64.
constexpr double kSecondsMax = 9.2e15;

std::optional<double> ParseSeconds(std::string_view text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return seconds;
}

// Reads fixed-width fields from the front of a text.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : rest_(text) {}

  int Digits(size_t count) {
    int value = 0;
    for (size_t i = 0; i < count; ++i) {
      if (rest_.empty() || rest_[0] < '0' || rest_[0] > '9') return Fail();
      value = value * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }
  bool Accept(std::string_view one_of) {
    if (rest_.empty() || one_of.find(rest_[0]) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void Expect(std::string_view one_of) {
    if (!Accept(one_of)) Fail();
  }
  // ".5" is 500; digits beyond milliseconds are cut off.
  int FractionMillis() {
    int millis = 0;
    int unit = 100;
    size_t count = 0;
    for (; !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; ++count) {
      millis += (rest_[0] - '0') * unit;
      unit /= 10;
      rest_.remove_prefix(1);
    }
    return count == 0 ? Fail() : millis;
  }
  char Peek() const { return rest_.empty() ? '\0' : rest_[0]; }
  bool AtEnd() const { return rest_.empty() && !failed_; }

 private:
  int Fail() {
    failed_ = true;
    rest_ = {};
    return 0;
  }
  std::string_view rest_;
  bool failed_ = false;
};

// The zone after the time of day, in minutes east: Z, +02:00.
int ReadZoneMinutes(FieldReader& reader) {
  if (reader.Accept("Zz")) return 0;
  const bool west = reader.Peek() == '-';
  reader.Expect("+-");
  const int hours = reader.Digits(2);
  reader.Expect(":");
  const int minutes = hours * 60 + reader.Digits(2);
  return west ? -minutes : minutes;
}

std::optional<UnixMillis> ParseRfc3339(std::string_view text) {
  FieldReader reader(text);
  const int year = reader.Digits(4);
  reader.Expect("-");
  const int month = reader.Digits(2);
  reader.Expect("-");
  const int day = reader.Digits(2);
  reader.Expect("Tt");
  const int hour = reader.Digits(2);
  reader.Expect(":");
  const int minute = reader.Digits(2);
  reader.Expect(":");
  const int second = reader.Digits(2);
  const int millis = reader.Accept(".") ? reader.FractionMillis() : 0;
  const int zone_minutes = ReadZoneMinutes(reader);
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!reader.AtEnd() || !date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const int64_t minutes = days * 1440 + hour * 60 + minute - zone_minutes;
  return (minutes * 60 + second) * 1000 + millis;
}

}  // namespace

Result<UnixMillis> ParseTimeParameter(std::string_view text) {
  if (const std::optional<double> seconds = ParseSeconds(text)) {
    if (std::fabs(*seconds) < kSecondsMax) return std::llround(*seconds * 1000);
  } else if (const std::optional<UnixMillis> time = ParseRfc3339(text)) {
    return *time;
  }
  if (text == kBeginningText) return kBeginning;
  if (text == kEndText) return kEnd;
  return Status::InvalidArgument("cannot parse \"", text, "\" to a valid timestamp");
}

Result<int64_t> ParseDurationParameter(std::string_view text) {
  if (const std::optional<double> seconds = ParseSeconds(text)) {
    if (std::fabs(*seconds) < kSecondsMax) return std::llround(*seconds * 1000);
    return Status::InvalidArgument("cannot parse \"", text,
                                   "\" to a valid duration. It overflows int64");
  }
  if (const std::optional<int64_t> millis = promql::ParseDurationMillis(text)) return *millis;
  return Status::InvalidArgument("cannot parse \"", text, "\" to a valid duration");
}

}  // namespace luma::prom
