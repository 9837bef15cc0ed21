#include "server/internal/downsampling_rules.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "promql/parser.h"
#include "server/config_keys.h"

namespace luma::server {
namespace {

constexpr Duration kDay{86'400'000};
constexpr Duration kResolutionMin{1'000};
constexpr Duration kAfterMax = 10'000 * kDay;

Result<std::string> ReadText(std::string_view name, const toml::node& node) {
  std::optional<std::string> text = node.value_exact<std::string>();
  if (!text) return Status::InvalidArgument("expected text in quotes: key=", name);
  return *std::move(text);
}

Status ReadKey(std::string_view name, const toml::node& node, DownsamplingRule& rule) {
  if (name != "match" && name != "after" && name != "resolution") {
    return UnknownKey(fmt::format("downsampling.rules.{}", name));
  }
  LUMA_ASSIGN_OR_RETURN(const std::string text, ReadText(name, node));
  if (name == "match") {
    rule.match = text;
    return promql::ParseSelector(text).status();
  }
  Duration& field = name == "after" ? rule.after : rule.resolution;
  LUMA_ASSIGN_OR_RETURN(field, ParseDuration(text));
  return Status::Ok();
}

Status CheckRule(const DownsamplingRule& rule) {
  if (rule.resolution.count() == 0) {
    return Status::InvalidArgument("downsampling rule without a length of buckets: key=resolution");
  }
  if (rule.after.count() == 0) {
    return Status::InvalidArgument("downsampling rule without an age: key=after");
  }
  if (rule.resolution < kResolutionMin || kDay % rule.resolution != Duration(0)) {
    return Status::InvalidArgument(
        "a bucket is a second or longer, and so many of them make a day: resolution=",
        FormatDuration(rule.resolution));
  }
  if (rule.after < rule.resolution || rule.after > kAfterMax) {
    return Status::InvalidArgument(
        "samples become old enough after a bucket or more, and 10000d at most: after=",
        FormatDuration(rule.after), " resolution=", FormatDuration(rule.resolution));
  }
  return Status::Ok();
}

// Two levels of one selector: what the finer one makes, the coarser one takes later.
Status CheckLevels(const DownsamplingRule& a, const DownsamplingRule& b) {
  const DownsamplingRule& fine = a.after < b.after ? a : b;
  const DownsamplingRule& coarse = a.after < b.after ? b : a;
  if (a.after != b.after && coarse.resolution > fine.resolution &&
      coarse.resolution % fine.resolution == Duration(0)) {
    return Status::Ok();
  }
  return Status::InvalidArgument(
      "of two rules with one selector the later one has longer buckets, made of whole ones of the "
      "other: ",
      FormatDuration(fine.resolution), " after ", FormatDuration(fine.after), ", ",
      FormatDuration(coarse.resolution), " after ", FormatDuration(coarse.after));
}

Result<DownsamplingRule> ReadRule(const toml::node& node,
                                  const std::vector<DownsamplingRule>& before) {
  const toml::table* const table = node.as_table();
  if (table == nullptr) return Status::InvalidArgument("a downsampling rule must be a table");
  DownsamplingRule rule;
  for (const auto& [name, value] : *table) {
    LUMA_RETURN_IF_ERROR(ReadKey(name.str(), value, rule));
  }
  LUMA_RETURN_IF_ERROR(CheckRule(rule));
  for (const DownsamplingRule& other : before) {
    if (other.match == rule.match) LUMA_RETURN_IF_ERROR(CheckLevels(other, rule));
  }
  return rule;
}

}  // namespace

Result<std::vector<DownsamplingRule>> ReadDownsamplingRules(const toml::node& rules) {
  const toml::array* const list = rules.as_array();
  if (list == nullptr) {
    return Status::InvalidArgument("expected a list of tables: key=downsampling.rules");
  }
  std::vector<DownsamplingRule> read;
  for (const toml::node& node : *list) {
    Result<DownsamplingRule> rule = ReadRule(node, read);
    if (!rule.ok()) return rule.status().WithContext(fmt::format("rule {}", read.size() + 1));
    read.push_back(std::move(rule).value());
  }
  return read;
}

}  // namespace luma::server
