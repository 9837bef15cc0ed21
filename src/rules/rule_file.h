// Prometheus rule files.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "promql/ast.h"
#include "rules/template.h"

namespace luma::rules {

// A text of an alert that may have a template in it.
struct AlertText {
  std::string text;
  Template parsed;
};
using AlertTexts = std::vector<std::pair<std::string, AlertText>>;  // ordered by name

// One recording rule or, with is_alert, one alerting rule. Immutable once made.
struct RuleSpec {
  bool is_alert = false;
  std::string name;  // of the metric or of the alert
  std::shared_ptr<const promql::Expr> expr;
  std::string query;                         // the expression as it is shown
  LabelMap labels;                           // as written; those of the group included
  std::chrono::milliseconds hold{0};         // "for"
  std::chrono::milliseconds keep_firing{0};  // "keep_firing_for"
  AlertTexts alert_labels;                   // `labels` again, of an alert
  AlertTexts annotations;
};

struct RuleGroupSpec {
  std::string name;
  std::string file;  // as the API shows it
  std::optional<std::chrono::milliseconds> interval;
  std::optional<std::chrono::milliseconds> query_offset;
  int64_t limit = 0;  // of series or alerts of one rule; 0: none
  std::vector<std::shared_ptr<const RuleSpec>> rules;
};

// Whether both evaluate the same.
bool SameRules(const RuleGroupSpec& a, const RuleGroupSpec& b);

// Checks what promtool checks: names, expressions, templates, fields that do not exist. Errors:
// kInvalidArgument with file and line, e.g.
//   a.yml: 5:13: group "g", rule 1, "up": could not parse expression: 1:4: parse error: ...
Result<std::vector<RuleGroupSpec>> ParseRuleFile(std::string_view text, const std::string& file);

// "5m", "1h30m", "0". Errors: kInvalidArgument.
Result<std::chrono::milliseconds> ParseRuleDuration(std::string_view text);

}  // namespace luma::rules
