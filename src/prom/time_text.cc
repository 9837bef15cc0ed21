#include "prom/time_text.h"

#include <fmt/format.h>

#include <chrono>

namespace luma::prom {

std::string Rfc3339(UnixMillis time) {
  if (time == 0) return "0001-01-01T00:00:00Z";
  const std::chrono::sys_time<std::chrono::milliseconds> at{std::chrono::milliseconds(time)};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(at - day);
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (clock.subseconds().count() > 0) {
    text += fmt::format(".{:03}", clock.subseconds().count());
    while (text.ends_with('0')) text.pop_back();
  }
  return text + "Z";
}

}  // namespace luma::prom
