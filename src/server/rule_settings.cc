#include "server/rule_settings.h"

#include <algorithm>
#include <utility>

namespace luma::server {
namespace {

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

Result<rules::LabelMap> ParseLabels(std::string_view text) {
  rules::LabelMap labels;
  for (const std::string& one : SplitList(text)) {
    const size_t equals = one.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Status::InvalidArgument("expected name=value: key=rules.external_labels text=", one);
    }
    labels[std::string(Trimmed(std::string_view(one).substr(0, equals)))] =
        Trimmed(std::string_view(one).substr(equals + 1));
  }
  return labels;
}

}  // namespace

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view part = Trimmed(text.substr(0, comma));
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

Result<prom::AlertNotifierOptions> AlertNotifierOptionsOf(const Config& config) {
  prom::AlertNotifierOptions options;
  for (const std::string& url : SplitList(config.rules.alertmanagers)) {
    LUMA_ASSIGN_OR_RETURN(prom::Alertmanager alertmanager, prom::AlertmanagerAt(url));
    alertmanager.timeout = config.rules.alertmanager_timeout;
    options.alertmanagers.push_back(std::move(alertmanager));
  }
  LUMA_ASSIGN_OR_RETURN(options.external_labels, ParseLabels(config.rules.external_labels));
  options.allow_link_local = config.scrape.allow_link_local;
  options.external_url = config.rules.external_url;
  while (options.external_url.ends_with('/')) options.external_url.pop_back();
  return options;
}

}  // namespace luma::server
