#include "prom/scrape/relabel.h"

#include <openssl/evp.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "model/utf8.h"
#include "prom/scrape/yaml_fields.h"

namespace luma::prom {
namespace {

constexpr std::array<std::string_view, 11> kActionNames = {
    "replace",  "keep",      "drop",      "keepequal", "dropequal", "hashmod",
    "labelmap", "labeldrop", "labelkeep", "lowercase", "uppercase"};

constexpr std::string_view kDefaultRegex = "(.*)";

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string Cased(std::string_view text, RelabelAction action) {
  std::string cased(text);
  const bool is_lower = action == RelabelAction::kLowercase;
  for (char& c : cased) {
    const bool changes = is_lower ? c >= 'A' && c <= 'Z' : c >= 'a' && c <= 'z';
    if (changes) c = static_cast<char>(c ^ 0x20);
  }
  return cased;
}

bool HasVariable(std::string_view text) { return text.find('$') != std::string_view::npos; }

using Groups = std::vector<re2::StringPiece>;

// Matches the whole of `text`; groups[0] is all of it.
bool Match(const re2::RE2& regex, std::string_view text, Groups& groups) {
  groups.assign(static_cast<size_t>(regex.NumberOfCapturingGroups()) + 1, {});
  return regex.Match({text.data(), text.size()}, 0, text.size(), re2::RE2::ANCHOR_BOTH,
                     groups.data(), static_cast<int>(groups.size()));
}

bool Matches(const RelabelRule& rule, std::string_view text) {
  return re2::RE2::FullMatch({text.data(), text.size()}, *rule.regex);
}

// The group that "$name" or "${name}" stands for; none is nothing.
std::string_view GroupOf(const re2::RE2& regex, const Groups& groups, std::string_view name) {
  size_t index = groups.size();
  if (std::ranges::all_of(name, IsDigit)) {
    std::from_chars(name.data(), name.data() + name.size(), index);
  } else if (const auto found = regex.NamedCapturingGroups().find(std::string(name));
             found != regex.NamedCapturingGroups().end()) {
    index = static_cast<size_t>(found->second);
  }
  if (index >= groups.size()) return {};
  return {groups[index].data(), groups[index].size()};
}

// Takes the name after a "$", with its braces; nothing when there is none.
std::string_view TakeVariable(std::string_view& rest) {
  const bool braced = rest.starts_with('{');
  const size_t begin = braced ? 1 : 0;
  size_t end = begin;
  while (end < rest.size() && (IsLetter(rest[end]) || IsDigit(rest[end]))) ++end;
  const bool closed = !braced || (end < rest.size() && rest[end] == '}');
  if (end == begin || !closed) return {};
  const std::string_view name = rest.substr(begin, end - begin);
  rest.remove_prefix(end + (braced ? 1 : 0));
  return name;
}

// As Go's Regexp.Expand: "$1x" names the group "1x", "$$" is a dollar.
std::string Expand(std::string_view pattern, const re2::RE2& regex, const Groups& groups) {
  std::string out;
  while (true) {
    const size_t dollar = std::min(pattern.find('$'), pattern.size());
    out.append(pattern.substr(0, dollar));
    if (dollar == pattern.size()) return out;
    pattern.remove_prefix(dollar + 1);
    if (pattern.starts_with('$')) {
      out.push_back('$');
      pattern.remove_prefix(1);
    } else if (const std::string_view name = TakeVariable(pattern); !name.empty()) {
      out.append(GroupOf(regex, groups, name));
    } else {
      out.push_back('$');
    }
  }
}

// The last eight bytes of the MD5 sum, big-endian, as Prometheus has it.
uint64_t HashModValue(std::string_view text, uint64_t modulus) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  EVP_Digest(text.data(), text.size(), sum.data(), nullptr, EVP_md5(), nullptr);
  uint64_t hash = 0;
  for (size_t i = 8; i < 16; ++i) hash = hash << 8 | sum[i];
  return hash % modulus;
}

void Replace(const RelabelRule& rule, std::string_view text, LabelBuilder& labels) {
  Groups groups;
  if (!Match(*rule.regex, text, groups)) return;
  const std::string target = Expand(rule.target_label, *rule.regex, groups);
  if (!IsValidLabelName(target, rule.validation)) return;
  labels.Set(target, Expand(rule.replacement, *rule.regex, groups));
}

void MapNames(const RelabelRule& rule, LabelBuilder& labels) {
  Groups groups;
  const LabelBuilder::Map before = labels.labels();
  for (const auto& [name, value] : before) {
    if (Match(*rule.regex, name, groups)) {
      labels.Set(Expand(rule.replacement, *rule.regex, groups), value);
    }
  }
}

void DeleteNames(const RelabelRule& rule, bool matching, LabelBuilder& labels) {
  const LabelBuilder::Map before = labels.labels();
  for (const auto& [name, value] : before) {
    if (Matches(rule, name) == matching) labels.Delete(name);
  }
}

std::string SourceText(const RelabelRule& rule, const LabelBuilder& labels) {
  std::string text;
  for (size_t i = 0; i < rule.source_labels.size(); ++i) {
    if (i > 0) text += rule.separator;
    text += labels.Get(rule.source_labels[i]);
  }
  return text;
}

bool Apply(const RelabelRule& rule, LabelBuilder& labels) {
  const std::string text = SourceText(rule, labels);
  switch (rule.action) {
    case RelabelAction::kKeep:
      return Matches(rule, text);
    case RelabelAction::kDrop:
      return !Matches(rule, text);
    case RelabelAction::kKeepEqual:
      return labels.Get(rule.target_label) == text;
    case RelabelAction::kDropEqual:
      return labels.Get(rule.target_label) != text;
    case RelabelAction::kReplace:
      Replace(rule, text, labels);
      break;
    case RelabelAction::kHashMod:
      labels.Set(rule.target_label, std::to_string(HashModValue(text, rule.modulus)));
      break;
    case RelabelAction::kLowercase:
    case RelabelAction::kUppercase:
      labels.Set(rule.target_label, Cased(text, rule.action));
      break;
    case RelabelAction::kLabelMap:
      MapNames(rule, labels);
      break;
    case RelabelAction::kLabelDrop:
      DeleteNames(rule, true, labels);
      break;
    case RelabelAction::kLabelKeep:
      DeleteNames(rule, false, labels);
      break;
  }
  return true;
}

Result<RelabelAction> ReadAction(const YamlNode& node) {
  LUMA_ASSIGN_OR_RETURN(const std::string text, ReadText(node));
  const std::string lowered = Cased(text, RelabelAction::kLowercase);
  const auto* const found = std::ranges::find(kActionNames, lowered);
  if (found == kActionNames.end())
    return YamlError(node, "unknown relabel action \"" + text + "\"");
  return static_cast<RelabelAction>(found - kActionNames.begin());
}

bool NeedsTarget(RelabelAction action) {
  switch (action) {
    case RelabelAction::kReplace:
    case RelabelAction::kHashMod:
    case RelabelAction::kLowercase:
    case RelabelAction::kUppercase:
    case RelabelAction::kKeepEqual:
    case RelabelAction::kDropEqual:
      return true;
    default:
      return false;
  }
}

bool HasDefaultTexts(const RelabelRule& rule) {
  const RelabelRule defaults;
  return rule.separator == defaults.separator && rule.replacement == defaults.replacement &&
         rule.modulus == 0;
}

// Prometheus' relabel.Config.Validate.
Status CheckRule(const RelabelRule& rule) {
  const std::string action(RelabelActionName(rule.action));
  if (rule.action == RelabelAction::kHashMod && rule.modulus == 0) {
    return Status::InvalidArgument("relabel configuration for hashmod requires non-zero modulus");
  }
  if (NeedsTarget(rule.action) && rule.target_label.empty()) {
    return Status::InvalidArgument("relabel configuration for ", action,
                                   " action requires 'target_label' value");
  }
  const bool expands = rule.action == RelabelAction::kReplace && HasVariable(rule.target_label);
  if (NeedsTarget(rule.action) && !expands &&
      !IsValidLabelName(rule.target_label, rule.validation)) {
    return Status::InvalidArgument("\"", rule.target_label, "\" is invalid 'target_label' for ",
                                   action, " action");
  }
  if (rule.action == RelabelAction::kLabelMap && !HasVariable(rule.replacement) &&
      !IsValidLabelName(rule.replacement, rule.validation)) {
    return Status::InvalidArgument("\"", rule.replacement, "\" is invalid 'replacement' for ",
                                   action, " action");
  }
  const bool is_equal_action =
      rule.action == RelabelAction::kKeepEqual || rule.action == RelabelAction::kDropEqual;
  if (is_equal_action && !(HasDefaultTexts(rule) && rule.regex_text == kDefaultRegex)) {
    return Status::InvalidArgument(
        action, " action requires only 'source_labels' and `target_label`, and no other fields");
  }
  const bool is_name_filter =
      rule.action == RelabelAction::kLabelDrop || rule.action == RelabelAction::kLabelKeep;
  if (is_name_filter &&
      !(HasDefaultTexts(rule) && rule.source_labels.empty() && rule.target_label.empty())) {
    return Status::InvalidArgument(action, " action requires only 'regex', and no other fields");
  }
  return Status::Ok();
}

Status Compile(RelabelRule& rule) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  auto regex = std::make_shared<const re2::RE2>(rule.regex_text, options);
  if (!regex->ok()) {
    return Status::InvalidArgument("error parsing regexp: ", regex->error(), ": `", rule.regex_text,
                                   "`");
  }
  rule.regex = std::move(regex);
  return Status::Ok();
}

}  // namespace

std::string_view LabelBuilder::Get(std::string_view name) const {
  const auto found = labels_.find(name);
  return found == labels_.end() ? std::string_view() : found->second;
}

void LabelBuilder::Set(std::string_view name, std::string_view value) {
  if (value.empty()) return Delete(name);
  labels_.insert_or_assign(std::string(name), std::string(value));
}

void LabelBuilder::Delete(std::string_view name) {
  const auto found = labels_.find(name);
  if (found != labels_.end()) labels_.erase(found);
}

std::string_view RelabelActionName(RelabelAction action) {
  return kActionNames[static_cast<size_t>(action)];
}

bool IsValidLabelName(std::string_view name, NameValidation validation) {
  if (name.empty()) return false;
  if (validation == NameValidation::kUtf8) return IsValidUtf8(name);
  return !IsDigit(name[0]) &&
         std::ranges::all_of(name, [](char c) { return IsLetter(c) || IsDigit(c); });
}

bool IsValidMetricName(std::string_view name, NameValidation validation) {
  if (name.empty()) return false;
  if (validation == NameValidation::kUtf8) return IsValidUtf8(name);
  return !IsDigit(name[0]) &&
         std::ranges::all_of(name, [](char c) { return IsLetter(c) || IsDigit(c) || c == ':'; });
}

Result<RelabelRule> ReadRelabelRule(const YamlNode& node, NameValidation validation) {
  RelabelRule rule;
  rule.validation = validation;
  LUMA_RETURN_IF_ERROR(ReadFields(node, "relabel.Config",
                                  {
                                      {"source_labels", Into(rule.source_labels)},
                                      {"separator", Into(rule.separator)},
                                      {"regex", Into(rule.regex_text)},
                                      {"modulus", Into(rule.modulus)},
                                      {"target_label", Into(rule.target_label)},
                                      {"replacement", Into(rule.replacement)},
                                      {"action",
                                       [&rule](const YamlNode& value) -> Status {
                                         LUMA_ASSIGN_OR_RETURN(rule.action, ReadAction(value));
                                         return Status::Ok();
                                       }},
                                  }));
  for (const Status& status : {CheckRule(rule), Compile(rule)}) {
    if (!status.ok()) return YamlError(node, status.message());
  }
  return rule;
}

bool Relabel(std::span<const RelabelRule> rules, LabelBuilder& labels) {
  return std::ranges::all_of(rules,
                             [&labels](const RelabelRule& rule) { return Apply(rule, labels); });
}

}  // namespace luma::prom
