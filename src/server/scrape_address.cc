#include "server/scrape_address.h"

#include <charconv>

namespace luma::server {

Result<ScrapeAddress> ParseScrapeAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  const std::string_view port =
      text.substr(colon == std::string_view::npos ? text.size() : colon + 1);
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  ScrapeAddress address{.host = std::string(host)};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  const bool is_number = error == std::errc() && end == port.data() + port.size();
  const bool is_host = !host.empty() && host.find_first_of(" \t\r\n/[]") == std::string_view::npos;
  if (is_host && is_number && address.port != 0) return address;
  return Status::InvalidArgument("not of the form host:port: target=", text);
}

}  // namespace luma::server
