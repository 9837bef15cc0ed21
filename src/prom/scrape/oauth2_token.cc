#include "prom/scrape/oauth2_token.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "net/http.h"
#include "net/url.h"
#include "prom/scrape/yaml_fields.h"
#include "rules/yaml.h"

namespace luma::prom {
namespace {

// Tokens are a few thousand; the thread of all transfers reads the answer.
constexpr uint64_t kAnswerBytesMax = 64 << 10;
// Longer than any token serves.
constexpr double kSecondsMax = 1e9;

std::string Field(std::string_view name, std::string_view value) {
  return net::PercentEncode(name) + "=" + net::PercentEncode(value);
}

std::string Form(const OAuth2Config& config) {
  std::string form = Field("grant_type", "client_credentials");
  std::string scopes;
  for (const std::string& scope : config.scopes) scopes += (scopes.empty() ? "" : " ") + scope;
  if (!scopes.empty()) form += "&" + Field("scope", scopes);
  for (const auto& [name, value] : config.endpoint_params) form += "&" + Field(name, value);
  return form;
}

net::FetchRequest Request(const OAuth2Config& config, std::string form,
                          std::chrono::milliseconds timeout) {
  net::FetchRequest request{.url = config.token_url,
                            .headers = {"Content-Type: application/x-www-form-urlencoded",
                                        "Accept: application/json", "User-Agent: LumaDB"},
                            .body = std::move(form),
                            .tls = std::make_shared<const net::TlsOptions>(config.tls),
                            .proxy = std::make_shared<const net::ProxyOptions>(config.proxy),
                            .timeout = timeout,
                            .body_bytes_max = kAnswerBytesMax};
  return request;
}

// All that makes a difference to what is given.
std::string KeyOf(const OAuth2Config& config, const std::string& client_secret) {
  std::string key;
  for (const std::string* const part :
       {&config.token_url, &config.client_id, &client_secret, &config.tls.ca_file,
        &config.tls.ca_text, &config.tls.certificate_file, &config.tls.certificate_text,
        &config.tls.key_file, &config.tls.server_name, &config.proxy.url}) {
    key.append(std::to_string(part->size())).append(":").append(*part);
  }
  return key + Form(config);
}

bool CanBeInHeader(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

// A number, also as a text.
std::optional<std::chrono::seconds> ReadSeconds(std::string_view text) {
  double seconds = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool is_number = error == std::errc() && stop == text.data() + text.size();
  if (!is_number || !(seconds > 0)) return std::nullopt;
  return std::chrono::seconds(static_cast<int64_t>(std::min(seconds, kSecondsMax)));
}

}  // namespace

net::TokenOptions OAuth2Tokens(const OAuth2Config& config, const std::string& client_secret,
                               std::chrono::milliseconds timeout) {
  const std::string form = Form(config);
  net::FetchRequest by_header = Request(config, form, timeout);
  by_header.username = net::PercentEncode(config.client_id);
  by_header.password = net::PercentEncode(client_secret);
  net::FetchRequest by_form = Request(config,
                                      form + "&" + Field("client_id", config.client_id) + "&" +
                                          Field("client_secret", client_secret),
                                      timeout);
  return {.key = KeyOf(config, client_secret),
          .requests = {std::move(by_header), std::move(by_form)},
          .read = [](const net::FetchResponse& response) {
            return ReadTokenAnswer(response.status, response.body);
          }};
}

Result<net::AccessToken> ReadTokenAnswer(int status, std::string_view body) {
  if (status / 100 != 2) {
    return Status::Unavailable("token server returned HTTP status ", status);
  }
  const Result<YamlNode> answer = rules::ParseYaml(body);
  const Status bad = Status::InvalidArgument("answer of the token server has no access_token");
  if (!answer.ok() || answer->kind != YamlNode::Kind::kMapping) return bad;
  std::string token;
  std::string type;
  std::string expires_in;
  for (const auto& [key, value] : answer->entries) {
    if (value.kind != YamlNode::Kind::kScalar || value.IsNull()) continue;
    if (key.text == "access_token") token = value.text;
    if (key.text == "token_type") type = value.text;
    if (key.text == "expires_in") expires_in = value.text;
  }
  if (type.empty() || net::EqualsIgnoringCase(type, "bearer")) type = "Bearer";
  if (!CanBeInHeader(token) || !CanBeInHeader(type)) return bad;
  return net::AccessToken{.authorization = type + " " + token,
                          .valid_for = ReadSeconds(expires_in)};
}

}  // namespace luma::prom
