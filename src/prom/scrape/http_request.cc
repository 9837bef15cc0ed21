#include "prom/scrape/http_request.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "prom/scrape/oauth2_token.h"

namespace luma::prom {
namespace {

Status ReadSecret(const Secret& secret, std::string& text) {
  if (secret.file.empty()) return Status::Ok();
  std::ifstream file(secret.file);
  if (!file) return Status::NotFound("cannot read: file=", secret.file);
  text.assign(std::istreambuf_iterator<char>(file), {});
  while (text.ends_with('\n') || text.ends_with('\r') || text.ends_with(' ')) text.pop_back();
  return Status::Ok();
}

void AddAuthorization(const HttpClientConfig& http, const std::string& credentials,
                      net::FetchRequest& request) {
  if (!credentials.empty()) {
    request.headers.push_back("Authorization: " + http.authorization_type + " " + credentials);
  }
}

void AddToken(const OAuth2Config& config, const std::string& client_secret,
              net::FetchRequest& request) {
  request.token = std::make_shared<const net::TokenOptions>(
      OAuth2Tokens(config, client_secret, request.timeout));
}

}  // namespace

void ApplyClientConfig(const HttpClientConfig& http, net::FetchRequest& request) {
  if (http.proxy != net::ProxyOptions()) {
    request.proxy = std::make_shared<const net::ProxyOptions>(http.proxy);
  }
  const bool has_secret = http.oauth2 && http.oauth2->client_secret.file.empty();
  if (has_secret) AddToken(*http.oauth2, http.oauth2->client_secret.text, request);
  request.username = http.username.text;
  request.password = http.password.text;
  AddAuthorization(http, http.credentials.text, request);
  for (const auto& [name, secret] : http.headers) {
    if (secret.file.empty()) request.headers.push_back(name + ": " + secret.text);
  }
}

bool HasSecretFiles(const HttpClientConfig& http) {
  const bool in_headers = std::ranges::any_of(
      http.headers, [](const auto& header) { return !header.second.file.empty(); });
  const bool in_oauth2 = http.oauth2 && !http.oauth2->client_secret.file.empty();
  return in_headers || in_oauth2 || !http.username.file.empty() || !http.password.file.empty() ||
         !http.credentials.file.empty();
}

Status AddSecretsFromFiles(const HttpClientConfig& http, net::FetchRequest& request) {
  LUMA_RETURN_IF_ERROR(ReadSecret(http.username, request.username));
  LUMA_RETURN_IF_ERROR(ReadSecret(http.password, request.password));
  std::string text;
  LUMA_RETURN_IF_ERROR(ReadSecret(http.credentials, text));
  AddAuthorization(http, text, request);
  if (http.oauth2 && !http.oauth2->client_secret.file.empty()) {
    LUMA_RETURN_IF_ERROR(ReadSecret(http.oauth2->client_secret, text));
    AddToken(*http.oauth2, text, request);
  }
  for (const auto& [name, secret] : http.headers) {
    if (secret.file.empty()) continue;
    LUMA_RETURN_IF_ERROR(ReadSecret(secret, text));
    request.headers.push_back(name + ": " + text);
  }
  return Status::Ok();
}

}  // namespace luma::prom
