#include "prom/scrape/alerting_fields.h"

#include <string>
#include <utility>

#include "prom/scrape/discovery_fields.h"
#include "prom/scrape/http_client_fields.h"
#include "prom/scrape/yaml_text.h"

namespace luma::prom {
namespace {

// A path of a URL, which may be empty.
std::string WithSlash(const std::string& path) {
  return path.empty() || path.starts_with('/') ? path : "/" + path;
}

// Reads the section about Alertmanagers. Thread-compatible.
class AlertingReader {
 public:
  explicit AlertingReader(const PathResolver& paths) : paths_(paths) {}

  Status Read(const YamlNode& node) {
    std::vector<RelabelRule> common;
    LUMA_RETURN_IF_ERROR(
        ReadFields(node, "config.AlertingConfig",
                   {{"alert_relabel_configs", IntoList<RelabelRule>(common, ReadRule)},
                    {"alertmanagers", [this](const YamlNode& list) { return ReadAll(list); }}}));
    const std::string text = YamlTextWithoutSecrets(node);
    for (Alertmanager& one : all_) {
      one.alert_relabel_rules.insert(one.alert_relabel_rules.begin(), common.begin(), common.end());
      one.alert_relabel_text = text;
    }
    return Status::Ok();
  }
  std::vector<Alertmanager> Take() { return std::move(all_); }

 private:
  struct Entry {
    std::string scheme = "http";
    std::string path_prefix = {};
    std::string api_version = "v2";
    std::vector<TargetGroup> groups = {};
    Alertmanager alertmanager = {};  // but for its address
  };

  static Result<RelabelRule> ReadRule(const YamlNode& node) {
    return ReadRelabelRule(node, NameValidation::kUtf8);
  }

  Status ReadAll(const YamlNode& list) {
    std::vector<Entry> entries;
    LUMA_RETURN_IF_ERROR(
        IntoList<Entry>(entries, [this](const YamlNode& item) { return ReadEntry(item); })(list));
    for (const Entry& entry : entries) {
      for (const TargetGroup& group : entry.groups) {
        for (const std::string& target : group.targets) {
          LUMA_RETURN_IF_ERROR(Add(list, entry, group.labels, target));
        }
      }
    }
    return Status::Ok();
  }

  Result<Entry> ReadEntry(const YamlNode& node) const {
    LUMA_RETURN_IF_ERROR(RefuseOtherDiscoveries(node));
    Entry entry;
    Alertmanager& to = entry.alertmanager;
    LUMA_ASSIGN_OR_RETURN(const YamlNode rest, TakeHttpFields(node, paths_, to.http));
    LUMA_RETURN_IF_ERROR(ReadFields(
        rest, "config.AlertmanagerConfig",
        {{"scheme", Into(entry.scheme)},
         {"path_prefix", Into(entry.path_prefix)},
         {"api_version", Into(entry.api_version)},
         {"timeout", Into(to.timeout)},
         {"static_configs", IntoList<TargetGroup>(entry.groups, ReadTargetGroup)},
         {"file_sd_configs", Refused("file_sd_configs")},
         {"http_sd_configs", Refused("http_sd_configs")},
         {"dns_sd_configs", Refused("dns_sd_configs")},
         {"relabel_configs", Refused("relabel_configs")},
         {"alert_relabel_configs", IntoList<RelabelRule>(to.alert_relabel_rules, ReadRule)},
         {"sigv4", Refused("sigv4")}}));
    if (entry.api_version != "v2") {
      return YamlError(
          node, "expected Alertmanager api version to be one of [v2] but got " + entry.api_version);
    }
    return entry;
  }

  // Of the labels of a group two say where the API is. Others would be for relabel_configs.
  Status Add(const YamlNode& node, const Entry& entry, const LabelBuilder::Map& labels,
             const std::string& target) {
    const auto scheme = labels.find("__scheme__");
    const auto path = labels.find("__alerts_path__");
    const std::string address =
        (scheme == labels.end() ? entry.scheme : scheme->second) + "://" + target;
    const Result<Alertmanager> at = path == labels.end()
                                        ? AlertmanagerAt(address + WithSlash(entry.path_prefix))
                                        : AlertmanagerAt(address, WithSlash(path->second));
    if (!at.ok()) return YamlError(node, at.status().message());
    all_.push_back(entry.alertmanager);
    all_.back().url = at->url;
    return Status::Ok();
  }

  const PathResolver& paths_;
  std::vector<Alertmanager> all_;
};

}  // namespace

Result<std::vector<Alertmanager>> ReadAlertmanagers(const YamlNode& alerting,
                                                    const PathResolver& paths) {
  AlertingReader reader(paths);
  LUMA_RETURN_IF_ERROR(reader.Read(alerting));
  return reader.Take();
}

}  // namespace luma::prom
