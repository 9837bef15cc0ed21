// How a server is asked by HTTP: http_config of Prometheus, as every job, http_sd_config and
// Alertmanager has it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/fetcher.h"

namespace luma::prom {

// A secret is its text, or the file that has it now.
struct Secret {
  std::string text = {};
  std::string file = {};
  bool empty() const { return text.empty() && file.empty(); }
  bool operator==(const Secret&) const = default;
};

// Where tokens come from, by client credentials (RFC 6749, 4.4).
struct OAuth2Config {
  std::string client_id = {};
  Secret client_secret = {};
  std::string token_url = {};
  std::vector<std::string> scopes = {};
  std::map<std::string, std::string> endpoint_params = {};  // asked for besides
  net::TlsOptions tls = {};
  net::ProxyOptions proxy = {};
  bool operator==(const OAuth2Config&) const = default;
};

struct HttpClientConfig {
  Secret username = {};  // of basic_auth
  Secret password = {};
  bool has_basic_auth = false;
  std::string authorization_type = "Bearer";
  Secret credentials = {};
  std::optional<OAuth2Config> oauth2 = std::nullopt;
  std::vector<std::pair<std::string, Secret>> headers = {};  // of http_headers
  net::TlsOptions tls = {};
  net::ProxyOptions proxy = {};
  bool follow_redirects = false;  // Prometheus' default is true
  bool operator==(const HttpClientConfig&) const = default;
};

}  // namespace luma::prom
