#include "prom/scrape/oauth2_fields.h"

#include <string>
#include <string_view>

#include "prom/scrape/proxy_fields.h"
#include "prom/scrape/tls_fields.h"

namespace luma::prom {
namespace {

constexpr std::string_view kGrantType = "client_credentials";

Status Check(const YamlNode& node, const OAuth2Config& config, const std::string& grant_type) {
  if (!grant_type.empty() && grant_type != kGrantType) {
    return YamlError(node, "oauth2 grant_type " + grant_type + " is not supported by this server");
  }
  if (config.client_id.empty()) return YamlError(node, "oauth2 client_id must be configured");
  if (config.token_url.empty()) return YamlError(node, "oauth2 token_url must be configured");
  if (!config.token_url.starts_with("http://") && !config.token_url.starts_with("https://")) {
    return YamlError(node, "oauth2 token_url must begin with http:// or https://");
  }
  if (!config.client_secret.text.empty() && !config.client_secret.file.empty()) {
    return YamlError(node,
                     "at most one of oauth2 client_secret & client_secret_file must be configured");
  }
  return CheckProxy(node, config.proxy);
}

}  // namespace

Result<OAuth2Config> ReadOAuth2(const YamlNode& node, const PathResolver& paths) {
  OAuth2Config config;
  std::string grant_type;
  const auto read_tls = [&](const YamlNode& value) { return ReadTls(value, paths, config.tls); };
  LUMA_RETURN_IF_ERROR(
      ReadFields(node, "config.OAuth2",
                 {{"client_id", Into(config.client_id)},
                  {"client_secret", Into(config.client_secret.text)},
                  {"client_secret_file", Into(config.client_secret.file)},
                  {"client_secret_ref", Refused("client_secret_ref")},
                  {"client_certificate_key_id", Refused("client_certificate_key_id")},
                  {"client_certificate_key", Refused("client_certificate_key")},
                  {"client_certificate_key_file", Refused("client_certificate_key_file")},
                  {"client_certificate_key_ref", Refused("client_certificate_key_ref")},
                  {"grant_type", Into(grant_type)},
                  {"signature_algorithm", Refused("signature_algorithm")},
                  {"iss", Refused("iss")},
                  {"audience", Refused("audience")},
                  {"claims", Refused("claims")},
                  {"scopes", Into(config.scopes)},
                  {"token_url", Into(config.token_url)},
                  {"endpoint_params", Into(config.endpoint_params)},
                  {"tls_config", read_tls},
                  {"proxy_url", Into(config.proxy.url)},
                  {"no_proxy", Into(config.proxy.no_proxy)},
                  {"proxy_from_environment", Into(config.proxy.from_environment)},
                  {"proxy_connect_header", IntoConnectHeaders(config.proxy)}}));
  LUMA_RETURN_IF_ERROR(Check(node, config, grant_type));
  paths.Resolve(config.client_secret.file);
  return config;
}

}  // namespace luma::prom
