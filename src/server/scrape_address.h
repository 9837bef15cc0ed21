// The address of a scrape target as the configuration spells it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace luma::server {

struct ScrapeAddress {
  std::string host;  // a name or a numeric address, without brackets
  uint16_t port = 0;
};

// "host:port", "127.0.0.1:9100", "[::1]:9100". Errors: kInvalidArgument for anything else and for
// port 0.
Result<ScrapeAddress> ParseScrapeAddress(std::string_view text);

}  // namespace luma::server
