#include "pgwire/server_parameters.h"

#include <algorithm>
#include <array>
#include <cctype>

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
          {"TimeZone", "UTC"}};
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

}  // namespace luma::pgwire
