#include "prom/scrape/http_client_fields.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http.h"
#include "prom/scrape/oauth2_fields.h"
#include "prom/scrape/proxy_fields.h"
#include "prom/scrape/tls_fields.h"

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
  const int forms = (http.has_basic_auth ? 1 : 0) + (http.oauth2 ? 1 : 0) +
                    (http.credentials.empty() ? 0 : 1) + (bearer.empty() ? 0 : 1);
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
  HttpFields(const PathResolver& paths, HttpClientConfig& http) : paths_(paths), http_(http) {}

  // True when `key` is one of them; `status` is what came of it then.
  bool Read(const YamlNode& key, const YamlNode& value, Status& status) {
    HttpClientConfig& http = http_;
    const std::array<YamlField, 13> fields = {{
        {"basic_auth", [&http](const YamlNode& node) { return ReadBasicAuth(node, http); }},
        {"authorization", [&http](const YamlNode& node) { return ReadAuthorization(node, http); }},
        {"bearer_token", Into(bearer_.text)},
        {"bearer_token_file", Into(bearer_.file)},
        {"tls_config", [this](const YamlNode& node) { return ReadTls(node, paths_, http_.tls); }},
        {"follow_redirects", Into(http.follow_redirects)},
        {"enable_http2", [](const YamlNode&) { return Status::Ok(); }},  // never is it needed
        {"http_headers", [&http](const YamlNode& node) { return ReadHeaders(node, http); }},
        {"oauth2", [this](const YamlNode& node) { return ReadTokens(node); }},
        {"proxy_url", Into(http.proxy.url)},
        {"no_proxy", Into(http.proxy.no_proxy)},
        {"proxy_from_environment", Into(http.proxy.from_environment)},
        {"proxy_connect_header", IntoConnectHeaders(http.proxy)},
    }};
    const auto* const field = std::ranges::find(fields, key.text, &YamlField::name);
    if (field == fields.end()) return false;
    status = field->read(value);
    return true;
  }

  Status Finish(const YamlNode& node) {
    LUMA_RETURN_IF_ERROR(CheckAuthForms(node, http_, bearer_));
    LUMA_RETURN_IF_ERROR(CheckProxy(node, http_.proxy));
    if (!bearer_.empty()) http_.credentials = bearer_;
    for (std::string* const path :
         {&http_.username.file, &http_.password.file, &http_.credentials.file}) {
      paths_.Resolve(*path);
    }
    for (auto& [name, secret] : http_.headers) paths_.Resolve(secret.file);
    return Status::Ok();
  }

 private:
  Status ReadTokens(const YamlNode& node) {
    if (node.IsNull()) return Status::Ok();
    LUMA_ASSIGN_OR_RETURN(http_.oauth2, ReadOAuth2(node, paths_));
    return Status::Ok();
  }

  const PathResolver& paths_;
  HttpClientConfig& http_;
  Secret bearer_;
};

}  // namespace

Result<YamlNode> TakeHttpFields(const YamlNode& node, const PathResolver& paths,
                                HttpClientConfig& http) {
  YamlNode rest = node;
  rest.entries.clear();
  HttpFields fields(paths, http);
  for (const auto& [key, value] : node.entries) {
    Status status;
    if (!fields.Read(key, value, status)) rest.entries.emplace_back(key, value);
    LUMA_RETURN_IF_ERROR(status);
  }
  LUMA_RETURN_IF_ERROR(fields.Finish(node));
  return rest;
}

}  // namespace luma::prom
