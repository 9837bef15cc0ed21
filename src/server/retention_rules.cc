#include "server/internal/retention_rules.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "promql/parser.h"
#include "server/config_keys.h"

namespace luma::server {
namespace {

Result<std::string> ReadText(std::string_view name, const toml::node& node) {
  std::optional<std::string> text = node.value_exact<std::string>();
  if (!text) return Status::InvalidArgument("expected text in quotes: key=", name);
  return *std::move(text);
}

Status ReadKey(std::string_view name, const toml::node& node, RetentionRule& rule) {
  if (name == "match") {
    LUMA_ASSIGN_OR_RETURN(rule.match, ReadText(name, node));
    return promql::ParseSelector(rule.match).status();
  }
  if (name == "keep") {
    LUMA_ASSIGN_OR_RETURN(const std::string text, ReadText(name, node));
    LUMA_ASSIGN_OR_RETURN(rule.keep, ParseDuration(text));
    if (rule.keep.count() > 0) return Status::Ok();
    return Status::InvalidArgument("a rule keeps samples for more than nothing: key=keep");
  }
  return UnknownKey(fmt::format("retention.rules.{}", name));
}

Result<RetentionRule> ReadRule(const toml::node& node) {
  const toml::table* const table = node.as_table();
  if (table == nullptr) return Status::InvalidArgument("a retention rule must be a table");
  RetentionRule rule;
  for (const auto& [name, value] : *table) {
    LUMA_RETURN_IF_ERROR(ReadKey(name.str(), value, rule));
  }
  if (rule.match.empty())
    return Status::InvalidArgument("retention rule without a selector: key=match");
  if (rule.keep.count() == 0)
    return Status::InvalidArgument("retention rule without a time: key=keep");
  return rule;
}

}  // namespace

Result<std::vector<RetentionRule>> ReadRetentionRules(const toml::node& rules) {
  const toml::array* const list = rules.as_array();
  if (list == nullptr) {
    return Status::InvalidArgument("expected a list of tables: key=retention.rules");
  }
  std::vector<RetentionRule> read;
  for (const toml::node& node : *list) {
    Result<RetentionRule> rule = ReadRule(node);
    if (!rule.ok()) return rule.status().WithContext(fmt::format("rule {}", read.size() + 1));
    read.push_back(std::move(rule).value());
  }
  return read;
}

}  // namespace luma::server
