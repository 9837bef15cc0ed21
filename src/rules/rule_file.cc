#include "rules/rule_file.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "model/labels.h"
#include "model/utf8.h"
#include "promql/format.h"
#include "promql/lexer.h"
#include "promql/parser.h"
#include "rules/yaml.h"

namespace luma::rules {
namespace {

Status At(const YamlNode& node, std::string_view problem) {
  return Status::InvalidArgument(node.line, ":", node.column, ": ", problem);
}

Result<std::string> ReadText(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kScalar) return At(node, "expected a text");
  return node.IsNull() ? std::string() : node.text;
}

Result<std::chrono::milliseconds> ReadDuration(const YamlNode& node) {
  LUMA_ASSIGN_OR_RETURN(const std::string text, ReadText(node));
  const Result<std::chrono::milliseconds> duration = ParseRuleDuration(text);
  if (!duration.ok()) return At(node, duration.status().message());
  return duration;
}

Result<int64_t> ReadNumber(const YamlNode& node) {
  LUMA_ASSIGN_OR_RETURN(const std::string text, ReadText(node));
  int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && stop == end) return number;
  return At(node, "expected a number");
}

Result<LabelMap> ReadLabelMap(const YamlNode& node) {
  LabelMap labels;
  if (node.IsNull()) return labels;
  if (node.kind != YamlNode::Kind::kMapping) return At(node, "expected names with values");
  for (const auto& [name, value] : node.entries) {
    LUMA_ASSIGN_OR_RETURN(std::string text, ReadText(value));
    if (name.text.empty() || name.text == kMetricNameLabel || !IsValidUtf8(name.text)) {
      return At(name, "invalid label name: " + name.text);
    }
    if (!IsValidUtf8(text)) return At(value, "invalid label value: " + text);
    labels.emplace(name.text, std::move(text));
  }
  return labels;
}

Status UnknownField(const YamlNode& key, std::string_view type) {
  return At(key, "field " + key.text + " not found in type rulefmt." + std::string(type));
}

// The fields of one rule, before they are checked.
struct RuleFields {
  const YamlNode* record = nullptr;
  const YamlNode* alert = nullptr;
  const YamlNode* expr = nullptr;
  std::string record_name;
  std::string alert_name;
  std::string expr_text;
  std::chrono::milliseconds hold{0};
  std::chrono::milliseconds keep_firing{0};
  LabelMap labels;
  LabelMap annotations;

  Status Read(const YamlNode& key, const YamlNode& value) {
    if (key.text == "record") {
      record = &value;
      LUMA_ASSIGN_OR_RETURN(record_name, ReadText(value));
    } else if (key.text == "alert") {
      alert = &value;
      LUMA_ASSIGN_OR_RETURN(alert_name, ReadText(value));
    } else if (key.text == "expr") {
      expr = &value;
      LUMA_ASSIGN_OR_RETURN(expr_text, ReadText(value));
    } else if (key.text == "for") {
      LUMA_ASSIGN_OR_RETURN(hold, ReadDuration(value));
    } else if (key.text == "keep_firing_for") {
      LUMA_ASSIGN_OR_RETURN(keep_firing, ReadDuration(value));
    } else if (key.text == "labels") {
      LUMA_ASSIGN_OR_RETURN(labels, ReadLabelMap(value));
    } else if (key.text == "annotations") {
      LUMA_ASSIGN_OR_RETURN(annotations, ReadLabelMap(value));
    } else {
      return UnknownField(key, "Rule");
    }
    return Status::Ok();
  }
};

Status CheckRecord(const RuleFields& fields) {
  const std::string& name = fields.record_name;
  if (!fields.annotations.empty()) {
    return At(*fields.record, "invalid field 'annotations' in recording rule");
  }
  if (fields.hold.count() != 0) return At(*fields.record, "invalid field 'for' in recording rule");
  if (fields.keep_firing.count() != 0) {
    return At(*fields.record, "invalid field 'keep_firing_for' in recording rule");
  }
  if (!IsValidUtf8(name)) return At(*fields.record, "invalid recording rule name: " + name);
  if (name.find_first_of("{}") != std::string::npos) {
    return At(*fields.record,
              "braces present in the recording rule name; should it be in expr?: " + name);
  }
  return Status::Ok();
}

Status CheckFields(const YamlNode& rule, const RuleFields& fields) {
  if (!fields.record_name.empty() && !fields.alert_name.empty()) {
    return At(*fields.record, "only one of 'record' and 'alert' must be set");
  }
  if (fields.record_name.empty() && fields.alert_name.empty()) {
    return At(rule, "one of 'record' or 'alert' must be set");
  }
  if (fields.expr_text.empty()) return At(rule, "field 'expr' must be set in rule");
  return fields.record_name.empty() ? Status::Ok() : CheckRecord(fields);
}

Result<AlertTexts> ParseTexts(const LabelMap& texts, std::string_view what, const YamlNode& rule) {
  AlertTexts parsed;
  for (const auto& [name, text] : texts) {
    Result<Template> one = Template::Parse(text);
    if (!one.ok()) {
      return At(rule,
                std::string(what) + " \"" + name + "\": " + std::string(one.status().message()));
    }
    parsed.emplace_back(name, AlertText{text, *std::move(one)});
  }
  return parsed;
}

Result<std::shared_ptr<const RuleSpec>> MakeRule(const YamlNode& node, RuleFields fields) {
  LUMA_RETURN_IF_ERROR(CheckFields(node, fields));
  Result<promql::ExprPtr> expr = promql::Parse(fields.expr_text);
  if (!expr.ok()) {
    return At(*fields.expr, "could not parse expression: " + std::string(expr.status().message()));
  }
  auto rule = std::make_shared<RuleSpec>();
  rule->is_alert = fields.record_name.empty();
  rule->name = rule->is_alert ? fields.alert_name : fields.record_name;
  rule->query = promql::FormatOnOneLine(**expr);
  rule->expr = *std::move(expr);
  rule->hold = fields.hold;
  rule->keep_firing = fields.keep_firing;
  if (rule->is_alert) {
    LUMA_ASSIGN_OR_RETURN(rule->alert_labels, ParseTexts(fields.labels, "label", node));
    LUMA_ASSIGN_OR_RETURN(rule->annotations, ParseTexts(fields.annotations, "annotation", node));
  }
  rule->labels = std::move(fields.labels);
  return std::shared_ptr<const RuleSpec>(std::move(rule));
}

Result<std::shared_ptr<const RuleSpec>> ReadRule(const YamlNode& node, const LabelMap& group_labels,
                                                 const std::string& group, size_t number) {
  if (node.kind != YamlNode::Kind::kMapping) return At(node, "a rule must be a mapping");
  RuleFields fields;
  for (const auto& [key, value] : node.entries) LUMA_RETURN_IF_ERROR(fields.Read(key, value));
  fields.labels.insert(group_labels.begin(), group_labels.end());  // the rule's own win
  const std::string name = fields.alert_name.empty() ? fields.record_name : fields.alert_name;
  Result<std::shared_ptr<const RuleSpec>> rule = MakeRule(node, std::move(fields));
  if (rule.ok()) return rule;
  // "5:13: could not ..." becomes "5:13: group "g", rule 1, "up": could not ...".
  std::string message(rule.status().message());
  const size_t position_end = message.find(": ") + 2;
  message.insert(position_end, "group \"" + group + "\", rule " + std::to_string(number) + ", \"" +
                                   name + "\": ");
  return Status::InvalidArgument(message);
}

Result<RuleGroupSpec> ReadGroup(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kMapping) return At(node, "a group must be a mapping");
  RuleGroupSpec group;
  LabelMap labels;
  const YamlNode* rules = nullptr;
  for (const auto& [key, value] : node.entries) {
    if (key.text == "name") {
      LUMA_ASSIGN_OR_RETURN(group.name, ReadText(value));
    } else if (key.text == "interval") {
      LUMA_ASSIGN_OR_RETURN(group.interval, ReadDuration(value));
    } else if (key.text == "query_offset") {
      LUMA_ASSIGN_OR_RETURN(group.query_offset, ReadDuration(value));
    } else if (key.text == "limit") {
      LUMA_ASSIGN_OR_RETURN(group.limit, ReadNumber(value));
    } else if (key.text == "labels") {
      LUMA_ASSIGN_OR_RETURN(labels, ReadLabelMap(value));
    } else if (key.text == "rules") {
      rules = &value;
    } else {
      return UnknownField(key, "RuleGroup");
    }
  }
  if (group.name.empty()) return At(node, "Groupname must not be empty");
  if (group.interval && group.interval->count() == 0) group.interval.reset();
  if (rules == nullptr || rules->IsNull()) return group;
  if (rules->kind != YamlNode::Kind::kSequence) return At(*rules, "rules must be a list");
  for (const YamlNode& rule : rules->items) {
    LUMA_ASSIGN_OR_RETURN(auto spec, ReadRule(rule, labels, group.name, group.rules.size() + 1));
    group.rules.push_back(std::move(spec));
  }
  return group;
}

Result<std::vector<RuleGroupSpec>> ReadGroups(const YamlNode& document) {
  std::vector<RuleGroupSpec> groups;
  if (document.IsNull()) return groups;
  if (document.kind != YamlNode::Kind::kMapping) return At(document, "expected groups");
  std::set<std::string> names;
  for (const auto& [key, value] : document.entries) {
    if (key.text != "groups") return UnknownField(key, "RuleGroups");
    if (value.IsNull()) continue;
    if (value.kind != YamlNode::Kind::kSequence) return At(value, "groups must be a list");
    for (const YamlNode& node : value.items) {
      LUMA_ASSIGN_OR_RETURN(RuleGroupSpec group, ReadGroup(node));
      if (!names.insert(group.name).second) {
        return At(node, "groupname: \"" + group.name + "\" is repeated in the same file");
      }
      groups.push_back(std::move(group));
    }
  }
  return groups;
}

bool SameTexts(const AlertTexts& a, const AlertTexts& b) {
  return std::ranges::equal(a, b, [](const auto& one, const auto& other) {
    return one.first == other.first && one.second.text == other.second.text;
  });
}

// An expression is what is shown of it; labels of alerts are among the others.
bool SameRule(const RuleSpec& a, const RuleSpec& b) {
  return a.is_alert == b.is_alert && a.name == b.name && a.query == b.query &&
         a.labels == b.labels && a.hold == b.hold && a.keep_firing == b.keep_firing &&
         SameTexts(a.annotations, b.annotations);
}

}  // namespace

bool SameRules(const RuleGroupSpec& a, const RuleGroupSpec& b) {
  return a.interval == b.interval && a.query_offset == b.query_offset && a.limit == b.limit &&
         std::ranges::equal(a.rules, b.rules, [](const auto& one, const auto& other) {
           return SameRule(*one, *other);
         });
}

Result<std::vector<RuleGroupSpec>> ParseRuleFile(std::string_view text, const std::string& file) {
  const Result<YamlNode> document = ParseYaml(text);
  if (!document.ok()) return document.status().WithContext(file);
  Result<std::vector<RuleGroupSpec>> groups = ReadGroups(*document);
  if (!groups.ok()) return groups.status().WithContext(file);
  for (RuleGroupSpec& group : *groups) group.file = file;
  return groups;
}

Result<std::chrono::milliseconds> ParseRuleDuration(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds(0);
  if (const auto millis = promql::ParseDurationMillis(text)) {
    return std::chrono::milliseconds(*millis);
  }
  return Status::InvalidArgument("not a valid duration string: \"", text, "\"");
}

}  // namespace luma::rules
