#include "prom/scrape/http_request.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

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

}  // namespace

void AddSecrets(const HttpClientConfig& http, net::FetchRequest& request) {
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
  return in_headers || !http.username.file.empty() || !http.password.file.empty() ||
         !http.credentials.file.empty();
}

Status AddSecretsFromFiles(const HttpClientConfig& http, net::FetchRequest& request) {
  LUMA_RETURN_IF_ERROR(ReadSecret(http.username, request.username));
  LUMA_RETURN_IF_ERROR(ReadSecret(http.password, request.password));
  std::string text;
  LUMA_RETURN_IF_ERROR(ReadSecret(http.credentials, text));
  AddAuthorization(http, text, request);
  for (const auto& [name, secret] : http.headers) {
    if (secret.file.empty()) continue;
    LUMA_RETURN_IF_ERROR(ReadSecret(secret, text));
    request.headers.push_back(name + ": " + text);
  }
  return Status::Ok();
}

}  // namespace luma::prom
