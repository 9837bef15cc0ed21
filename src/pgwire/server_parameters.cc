#include "pgwire/server_parameters.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace luma::pgwire {
namespace {

constexpr std::string_view kServerVersion = "15.0 (LumaDB 0.1.0)";
constexpr std::array<std::string_view, 6> kReportedSettings = {"application_name",
                                                               "client_encoding",
                                                               "DateStyle",
                                                               "IntervalStyle",
                                                               "standard_conforming_strings",
                                                               "TimeZone"};

}  // namespace

ServerParameters InitialServerParameters(std::string_view user, std::string_view application_name) {
  return {{"application_name", std::string(application_name)},
          {"client_encoding", "UTF8"},
          {"DateStyle", "ISO, MDY"},
          {"default_transaction_read_only", "off"},
          {"in_hot_standby", "off"},
          {"integer_datetimes", "on"},
          {"IntervalStyle", "postgres"},
          {"is_superuser", "on"},
          {"server_encoding", "UTF8"},
          {"server_version", std::string(kServerVersion)},
          {"session_authorization", std::string(user)},
          {"standard_conforming_strings", "on"},
          {"TimeZone", "Etc/UTC"}};
}

bool IsReportedSetting(std::string_view name) {
  return std::find(kReportedSettings.begin(), kReportedSettings.end(), name) !=
         kReportedSettings.end();
}

bool IsSupportedClientEncoding(std::string_view name) {
  std::string letters;  // PostgreSQL ignores case and punctuation here
  for (const unsigned char c : name) {
    if (std::isalnum(c) != 0) letters.push_back(static_cast<char>(std::tolower(c)));
  }
  return letters == "utf8" || letters == "unicode" || letters == "sqlascii";
}

std::chrono::milliseconds ParseTimeout(std::string_view value) {
  int64_t number = 0;
  const char* const end = value.data() + value.size();
  const auto read = std::from_chars(value.data(), end, number);
  if (read.ec != std::errc() || number < 0 || number > INT32_MAX) return {};
  std::string_view unit(read.ptr, static_cast<size_t>(end - read.ptr));
  unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
  if (unit == "s") return std::chrono::seconds(number);
  if (unit == "min") return std::chrono::minutes(number);
  if (unit == "h") return std::chrono::hours(number);
  return std::chrono::milliseconds(number);
}

}  // namespace luma::pgwire
