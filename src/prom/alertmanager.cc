#include "prom/alertmanager.h"

#include <algorithm>
#include <charconv>

#include "net/url.h"

namespace luma::prom {
namespace {

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";

// A port, 1..65535; 0 for anything else.
uint16_t PortIn(std::string_view text) {
  uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  return error == std::errc() && stop == end ? port : uint16_t{0};
}

bool HasOddCharacter(std::string_view text) {
  return text.find_first_of(" \t\r\n?#@") != std::string_view::npos;
}

}  // namespace

Result<Alertmanager> AlertmanagerAt(std::string_view url, std::string_view alerts_path) {
  const Status bad =
      Status::InvalidArgument("not the address of an Alertmanager: url=", net::WithoutPassword(url),
                              " expected=http://host:port");
  const bool is_https = url.starts_with(kHttps);
  const std::string_view scheme = is_https ? kHttps : kHttp;
  if (!url.starts_with(scheme) || HasOddCharacter(url) || HasOddCharacter(alerts_path)) return bad;
  std::string_view host = url.substr(scheme.size());
  std::string_view path = host.substr(std::min(host.find('/'), host.size()));
  host.remove_suffix(path.size());
  while (path.ends_with('/')) path.remove_suffix(1);
  uint16_t port = is_https ? 443 : 80;
  const size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    port = PortIn(host.substr(colon + 1));
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty() || port == 0) return bad;
  Alertmanager alertmanager;
  alertmanager.url.append(scheme).append(net::HostAndPort(std::string(host), port));
  alertmanager.url.append(path).append(alerts_path);
  return alertmanager;
}

}  // namespace luma::prom
