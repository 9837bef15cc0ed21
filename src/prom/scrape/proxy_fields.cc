#include "prom/scrape/proxy_fields.h"

#include <string>
#include <vector>

namespace luma::prom {

FieldReader IntoConnectHeaders(net::ProxyOptions& proxy) {
  return [&proxy](const YamlNode& node) -> Status {
    if (node.IsNull()) return Status::Ok();
    if (node.kind != YamlNode::Kind::kMapping) return YamlError(node, "expected names with values");
    for (const auto& [name, list] : node.entries) {
      std::vector<std::string> values;
      LUMA_RETURN_IF_ERROR(Into(values)(list));
      for (const std::string& value : values) {
        const std::string header = name.text + ": " + value;
        const bool has_bad_name = name.text.find_first_of(": ") != std::string::npos;
        if (has_bad_name || header.find_first_of("\r\n") != std::string::npos) {
          return YamlError(name, "bad header in proxy_connect_header");
        }
        proxy.connect_headers.push_back(header);
      }
    }
    return Status::Ok();
  };
}

Status CheckProxy(const YamlNode& node, const net::ProxyOptions& proxy) {
  const bool is_there = proxy.from_environment || !proxy.url.empty();
  if (proxy.from_environment && !proxy.url.empty()) {
    return YamlError(node,
                     "if proxy_from_environment is configured, proxy_url must not be configured");
  }
  if (proxy.from_environment && !proxy.no_proxy.empty()) {
    return YamlError(node,
                     "if proxy_from_environment is configured, no_proxy must not be configured");
  }
  if (!is_there && !proxy.no_proxy.empty()) {
    return YamlError(node, "if no_proxy is configured, proxy_url must also be configured");
  }
  if (!is_there && !proxy.connect_headers.empty()) {
    return YamlError(node,
                     "if proxy_connect_header is configured, proxy_url or proxy_from_environment "
                     "must also be configured");
  }
  if (proxy.url.empty() || net::IsProxyUrl(proxy.url)) return Status::Ok();
  return YamlError(node, "proxy_url must begin with http://, https://, socks5:// or socks5h://");
}

}  // namespace luma::prom
