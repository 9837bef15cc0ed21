// The first packet of a connection: a request for encryption, a cancel request, or parameters.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/status.h"

namespace luma::pgwire {

struct SslRequest {};
struct GssEncryptionRequest {};
struct CancelRequest {
  int32_t process_id = 0;
  int32_t secret = 0;
};
struct StartupParameters {
  int minor_version = 0;  // of protocol 3
  std::string user;
  std::string database;  // the user's name when the client named none
  std::string application_name;
  // Settings to apply: the remaining parameters and those inside "options", in this order.
  std::vector<std::pair<std::string, std::string>> settings;
  std::vector<std::string> protocol_options;  // "_pq_.*" names, none of which is known
};
using StartupPacket =
    std::variant<SslRequest, GssEncryptionRequest, CancelRequest, StartupParameters>;

// `body` is what follows the length field. Errors carry the SQLSTATE PostgreSQL answers with:
// 08P01 malformed, 0A000 another protocol version or a replication connection, 28000 no user.
Result<StartupPacket> ParseStartupPacket(std::string_view body);

// Splits "-c name=value --other-name=value" as PostgreSQL does; a backslash keeps the next
// character. Errors: 42601 for any other form.
Result<std::vector<std::pair<std::string, std::string>>> ParseCommandLineOptions(
    std::string_view options);

}  // namespace luma::pgwire
