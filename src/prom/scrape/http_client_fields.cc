#include "prom/scrape/http_client_fields.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http.h"

namespace luma::prom {
namespace {

// A key and its *_file form, of which there may be one.
Status CheckOneForm(const YamlNode& node, const Secret& secret, std::string_view name) {
  if (secret.text.empty() || secret.file.empty()) return Status::Ok();
  return YamlError(node, "at most one of " + std::string(name) + " & " + std::string(name) +
                             "_file must be configured");
}

Status ReadBasicAuth(const YamlNode& node, HttpClientConfig& http) {
  http.has_basic_auth = !node.IsNull();
  LUMA_RETURN_IF_ERROR(ReadFields(node, "config.BasicAuth",
                                  {{"username", Into(http.username.text)},
                                   {"username_file", Into(http.username.file)},
                                   {"username_ref", Refused("username_ref")},
                                   {"password", Into(http.password.text)},
                                   {"password_file", Into(http.password.file)},
                                   {"password_ref", Refused("password_ref")}}));
  LUMA_RETURN_IF_ERROR(CheckOneForm(node, http.username, "username"));
  return CheckOneForm(node, http.password, "password");
}

Status ReadAuthorization(const YamlNode& node, HttpClientConfig& http) {
  LUMA_RETURN_IF_ERROR(ReadFields(node, "config.Authorization",
                                  {{"type", Into(http.authorization_type)},
                                   {"credentials", Into(http.credentials.text)},
                                   {"credentials_file", Into(http.credentials.file)},
                                   {"credentials_ref", Refused("credentials_ref")}}));
  if (http.authorization_type == "Basic" || http.authorization_type == "basic") {
    return YamlError(node,
                     "authorization type cannot be set to \"basic\", use \"basic_auth\" "
                     "instead");
  }
  return CheckOneForm(node, http.credentials, "credentials");
}

Status ReadTls(const YamlNode& node, net::TlsOptions& tls) {
  LUMA_RETURN_IF_ERROR(ReadFields(node, "config.TLSConfig",
                                  {{"ca", Into(tls.ca_text)},
                                   {"cert", Into(tls.certificate_text)},
                                   {"key", Into(tls.key_text)},
                                   {"ca_file", Into(tls.ca_file)},
                                   {"cert_file", Into(tls.certificate_file)},
                                   {"key_file", Into(tls.key_file)},
                                   {"ca_ref", Refused("ca_ref")},
                                   {"cert_ref", Refused("cert_ref")},
                                   {"key_ref", Refused("key_ref")},
                                   {"server_name", Into(tls.server_name)},
                                   {"insecure_skip_verify", Into(tls.skip_verify)},
                                   {"min_version", Into(tls.version_min)},
                                   {"max_version", Into(tls.version_max)}}));
  const bool has_certificate = !tls.certificate_text.empty() || !tls.certificate_file.empty();
  const bool has_key = !tls.key_text.empty() || !tls.key_file.empty();
  if (has_certificate != has_key) {
    return YamlError(node,
                     "exactly one of key or key_file must be configured when a client "
                     "certificate is configured");
  }
  for (const std::string& version : {tls.version_min, tls.version_max}) {
    if (!version.empty() && !net::IsTlsVersion(version)) {
      return YamlError(node, "unknown TLS version: " + version);
    }
  }
  return Status::Ok();
}

Status ReadHeader(const YamlNode& name, const YamlNode& node, HttpClientConfig& http) {
  std::vector<std::string> values;
  std::vector<std::string> secrets;
  std::vector<std::string> files;
  LUMA_RETURN_IF_ERROR(
      ReadFields(node, "config.Header",
                 {{"values", Into(values)}, {"secrets", Into(secrets)}, {"files", Into(files)}}));
  values.insert(values.end(), secrets.begin(), secrets.end());
  for (std::string& value : values) {
    http.headers.emplace_back(name.text, Secret{.text = std::move(value)});
  }
  for (std::string& file : files) {
    http.headers.emplace_back(name.text, Secret{.file = std::move(file)});
  }
  return Status::Ok();
}

// The scraper sets them itself, or they have keys of their own.
bool IsReservedHeader(std::string_view name) {
  constexpr std::array<std::string_view, 18> kReserved = {"Authorization",
                                                          "Host",
                                                          "Content-Encoding",
                                                          "Content-Length",
                                                          "Content-Type",
                                                          "User-Agent",
                                                          "Connection",
                                                          "Keep-Alive",
                                                          "Proxy-Authenticate",
                                                          "Proxy-Authorization",
                                                          "Www-Authenticate",
                                                          "Accept-Encoding",
                                                          "X-Prometheus-Remote-Write-Version",
                                                          "X-Prometheus-Remote-Read-Version",
                                                          "X-Prometheus-Scrape-Timeout-Seconds",
                                                          "X-Amz-Date",
                                                          "X-Amz-Security-Token",
                                                          "X-Amz-Content-Sha256"};
  return std::ranges::any_of(
      kReserved, [name](std::string_view one) { return net::EqualsIgnoringCase(one, name); });
}

Status ReadHeaders(const YamlNode& node, HttpClientConfig& http) {
  for (const auto& [name, value] : node.entries) {
    if (IsReservedHeader(name.text)) {
      return YamlError(name, "setting header \"" + name.text + "\" is not allowed");
    }
    if (name.text.find_first_of(": \r\n") != std::string::npos) {
      return YamlError(name, "bad header name: " + name.text);
    }
    LUMA_RETURN_IF_ERROR(ReadHeader(name, value, http));
  }
  return Status::Ok();
}

Status CheckAuthForms(const YamlNode& node, const HttpClientConfig& http, const Secret& bearer) {
  const int forms =
      (http.has_basic_auth ? 1 : 0) + (http.credentials.empty() ? 0 : 1) + (bearer.empty() ? 0 : 1);
  if (forms > 1) {
    return YamlError(node,
                     "at most one of basic_auth, oauth2, authorization, bearer_token & "
                     "bearer_token_file must be configured");
  }
  return CheckOneForm(node, bearer, "bearer_token");
}

// The fields of an HTTP client are inlined among those of its owner: this one collects them.
class HttpFields {
 public:
  explicit HttpFields(HttpClientConfig& http) : http_(http) {}

  // True when `key` is one of them; `status` is what came of it then.
  bool Read(const YamlNode& key, const YamlNode& value, Status& status) {
    HttpClientConfig& http = http_;
    const std::array<YamlField, 13> fields = {{
        {"basic_auth", [&http](const YamlNode& node) { return ReadBasicAuth(node, http); }},
        {"authorization", [&http](const YamlNode& node) { return ReadAuthorization(node, http); }},
        {"bearer_token", Into(bearer_.text)},
        {"bearer_token_file", Into(bearer_.file)},
        {"tls_config", [&http](const YamlNode& node) { return ReadTls(node, http.tls); }},
        {"follow_redirects", Into(http.follow_redirects)},
        {"enable_http2", [](const YamlNode&) { return Status::Ok(); }},  // never is it needed
        {"http_headers", [&http](const YamlNode& node) { return ReadHeaders(node, http); }},
        {"oauth2", Refused("oauth2")},
        {"proxy_url", Refused("proxy_url")},
        {"no_proxy", Refused("no_proxy")},
        {"proxy_from_environment", Refused("proxy_from_environment")},
        {"proxy_connect_header", Refused("proxy_connect_header")},
    }};
    const auto* const field = std::ranges::find(fields, key.text, &YamlField::name);
    if (field == fields.end()) return false;
    status = field->read(value);
    return true;
  }

  Status Finish(const YamlNode& node, const PathResolver& paths) {
    LUMA_RETURN_IF_ERROR(CheckAuthForms(node, http_, bearer_));
    if (!bearer_.empty()) http_.credentials = bearer_;
    for (std::string* const path :
         {&http_.username.file, &http_.password.file, &http_.credentials.file, &http_.tls.ca_file,
          &http_.tls.certificate_file, &http_.tls.key_file}) {
      paths.Resolve(*path);
    }
    for (auto& [name, secret] : http_.headers) paths.Resolve(secret.file);
    return Status::Ok();
  }

 private:
  HttpClientConfig& http_;
  Secret bearer_;
};

}  // namespace

Result<YamlNode> TakeHttpFields(const YamlNode& node, const PathResolver& paths,
                                HttpClientConfig& http) {
  YamlNode rest = node;
  rest.entries.clear();
  HttpFields fields(http);
  for (const auto& [key, value] : node.entries) {
    Status status;
    if (!fields.Read(key, value, status)) rest.entries.emplace_back(key, value);
    LUMA_RETURN_IF_ERROR(status);
  }
  LUMA_RETURN_IF_ERROR(fields.Finish(node, paths));
  return rest;
}

}  // namespace luma::prom
