// Which proxy a request goes through: by Prometheus' rules, which are those of Go.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace luma::net {

struct ProxyOptions {
  std::string url = {};  // "http://[user:password@]host:port", https, socks5; empty: none
  // What is asked without it: "10.0.0.0/8, host:8080, .example.org, *". Then the machine itself is,
  // too.
  std::string no_proxy = {};
  bool from_environment = false;                  // HTTP_PROXY, HTTPS_PROXY and NO_PROXY instead
  std::vector<std::string> connect_headers = {};  // "Name: value", to ask a proxy for a tunnel
  bool operator==(const ProxyOptions&) const = default;
};

// True for "http://host...", https, socks5 and socks5h.
bool IsProxyUrl(std::string_view url);

// The URL of the proxy for a request to `scheme`://`host`:`port`; empty: it goes there itself. The
// environment is asked each time. Threads: any, while none changes the environment.
std::string ProxyFor(const ProxyOptions& options, std::string_view scheme, std::string_view host,
                     std::string_view port);

}  // namespace luma::net
