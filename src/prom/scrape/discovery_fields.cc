#include "prom/scrape/discovery_fields.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/labels.h"
#include "prom/scrape/http_client_fields.h"

namespace luma::prom {
namespace {

using Millis = std::chrono::milliseconds;

bool IsDiscoveryFileName(std::string_view path) {
  constexpr std::array<std::string_view, 6> kEndings = {".json", ".yml", ".yaml",
                                                        ".JSON", ".YML", ".YAML"};
  const bool ends_well = std::ranges::any_of(
      kEndings, [path](std::string_view ending) { return path.ends_with(ending); });
  const size_t star = path.find('*');
  return ends_well &&
         (star == std::string_view::npos || path.find('/', star) == std::string_view::npos);
}

// As long as Prometheus' durations, which count nanoseconds, are sure to reach.
constexpr Millis kRefreshMax = std::chrono::hours(24 * 365);

Status CheckRefresh(const YamlNode& node, Millis interval) {
  if (interval.count() > 0 && interval <= kRefreshMax) return Status::Ok();
  return YamlError(node, "refresh_interval must be more than 0 and at most a year");
}

Status ReadDnsType(const YamlNode& node, DnsDiscoveryConfig::Type& type) {
  constexpr std::array<std::string_view, 5> kTypes = {"SRV", "A", "AAAA", "MX", "NS"};
  LUMA_ASSIGN_OR_RETURN(const std::string text, ReadText(node));
  const auto* const found = std::ranges::find(kTypes, text);
  if (found == kTypes.end()) return YamlError(node, "invalid DNS-SD records type " + text);
  type = static_cast<DnsDiscoveryConfig::Type>(found - kTypes.begin());
  return Status::Ok();
}

}  // namespace

Result<TargetGroup> ReadTargetGroup(const YamlNode& node) {
  TargetGroup group;
  std::map<std::string, std::string> labels;
  LUMA_RETURN_IF_ERROR(ReadFields(node, "struct { Targets []string; Labels model.LabelSet }",
                                  {{"targets", Into(group.targets)}, {"labels", Into(labels)}}));
  for (auto& [name, value] : labels) {
    const std::vector<LabelRef> one = {{name, value}};
    if (!Labels::Of(one).ok()) return YamlError(node, "\"" + name + "\" is not a valid label");
    group.labels.emplace(name, std::move(value));
  }
  return group;
}

Result<DiscoveryConfig> ReadFileDiscovery(const YamlNode& node, const PathResolver& paths) {
  FileDiscoveryConfig config;
  LUMA_RETURN_IF_ERROR(ReadFields(
      node, "file.SDConfig",
      {{"files", Into(config.files)}, {"refresh_interval", Into(config.refresh_interval)}}));
  LUMA_RETURN_IF_ERROR(CheckRefresh(node, config.refresh_interval));
  if (config.files.empty()) {
    return YamlError(node, "file service discovery config must contain at least one path name");
  }
  for (std::string& path : config.files) {
    if (!IsDiscoveryFileName(path)) {
      return YamlError(node, "path name \"" + path + "\" is not valid for file discovery");
    }
    paths.Resolve(path);
  }
  return DiscoveryConfig(std::move(config));
}

Result<DiscoveryConfig> ReadHttpDiscovery(const YamlNode& node, const PathResolver& paths) {
  HttpDiscoveryConfig config;
  LUMA_ASSIGN_OR_RETURN(const YamlNode rest, TakeHttpFields(node, paths, config.http));
  LUMA_RETURN_IF_ERROR(
      ReadFields(rest, "http.SDConfig",
                 {{"url", Into(config.url)}, {"refresh_interval", Into(config.refresh_interval)}}));
  LUMA_RETURN_IF_ERROR(CheckRefresh(node, config.refresh_interval));
  if (config.url.empty()) return YamlError(node, "URL is missing");
  if (!config.url.starts_with("http://") && !config.url.starts_with("https://")) {
    return YamlError(node, "URL scheme must be 'http' or 'https'");
  }
  return DiscoveryConfig(std::move(config));
}

Result<DiscoveryConfig> ReadDnsDiscovery(const YamlNode& node) {
  DnsDiscoveryConfig config;
  LUMA_RETURN_IF_ERROR(ReadFields(
      node, "dns.SDConfig",
      {{"names", Into(config.names)},
       {"type", [&config](const YamlNode& value) { return ReadDnsType(value, config.type); }},
       {"port", Into(config.port)},
       {"refresh_interval", Into(config.refresh_interval)}}));
  LUMA_RETURN_IF_ERROR(CheckRefresh(node, config.refresh_interval));
  if (config.names.empty()) {
    return YamlError(node, "DNS-SD config must contain at least one SRV record name");
  }
  const bool needs_port = config.type != DnsDiscoveryConfig::Type::kSrv;
  if (needs_port && (config.port == 0 || config.port > UINT16_MAX)) {
    return YamlError(node, "a port is required in DNS-SD configs for all record types except SRV");
  }
  return DiscoveryConfig(std::move(config));
}

// Prometheus has some thirty kinds of discovery, and gets new ones.
Status RefuseOtherDiscoveries(const YamlNode& job) {
  constexpr std::array<std::string_view, 3> kOurs = {"file_sd_configs", "http_sd_configs",
                                                     "dns_sd_configs"};
  for (const auto& [key, value] : job.entries) {
    const bool is_other =
        key.text.ends_with("_sd_configs") && std::ranges::find(kOurs, key.text) == kOurs.end();
    if (!is_other) continue;
    return YamlError(key, key.text +
                              " is not supported by this server; file_sd_configs and "
                              "http_sd_configs take the lists of any other program");
  }
  return Status::Ok();
}

}  // namespace luma::prom
