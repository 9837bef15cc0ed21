// What the server tells a client about itself and its settings (ParameterStatus).
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace luma::pgwire {

using ServerParameters = std::vector<std::pair<std::string, std::string>>;

// The parameters and values of a fresh session, in the order in which PostgreSQL 15 sends them.
// Drivers read the number at the start of server_version.
ServerParameters InitialServerParameters(std::string_view user, std::string_view application_name);

// Whether SET can change it, so that a new value must be reported.
bool IsReportedSetting(std::string_view name);

// The only encoding is UTF-8. SQL_ASCII means "do not convert", which is the same here.
bool IsSupportedClientEncoding(std::string_view name);

// "5000", "5s", "1min": the value of a PostgreSQL timeout; 0, which means none, for any other text.
std::chrono::milliseconds ParseTimeout(std::string_view value);

}  // namespace luma::pgwire
