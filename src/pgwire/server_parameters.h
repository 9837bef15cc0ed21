// What the server tells a client about itself and its settings (ParameterStatus).
#pragma once

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

}  // namespace luma::pgwire
