#include "sql/series_matchers.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace luma::sql {
namespace {

using duckdb::Expression;
using duckdb::ExpressionClass;
using duckdb::ExpressionType;

// Reads one filter. Thread-compatible.
class FilterReader {
 public:
  FilterReader(const duckdb::LogicalGet& series, const LumaTableEntry& table)
      : series_(series), table_(table) {}

  std::optional<Matcher> Read(const Expression& filter) const {
    switch (filter.GetExpressionClass()) {
      case ExpressionClass::BOUND_COMPARISON:
        return ReadComparison(filter.Cast<duckdb::BoundComparisonExpression>());
      case ExpressionClass::BOUND_OPERATOR:
        return ReadOperator(filter.Cast<duckdb::BoundOperatorExpression>());
      case ExpressionClass::BOUND_FUNCTION:
        return ReadFunction(filter.Cast<duckdb::BoundFunctionExpression>());
      default:
        return std::nullopt;
    }
  }

 private:
  using Text = std::optional<std::string>;

  static Text ConstantOf(const Expression& expression) {
    if (expression.GetExpressionClass() != ExpressionClass::BOUND_CONSTANT) return std::nullopt;
    const duckdb::Value& value = expression.Cast<duckdb::BoundConstantExpression>().value;
    if (value.IsNull() || value.type().id() != duckdb::LogicalTypeId::VARCHAR) return std::nullopt;
    return duckdb::StringValue::Get(value);
  }

  bool IsColumn(const Expression& expression, std::string_view name) const {
    if (expression.GetExpressionClass() != ExpressionClass::BOUND_COLUMN_REF) return false;
    const auto& binding = expression.Cast<duckdb::BoundColumnRefExpression>().binding;
    if (binding.table_index != series_.table_index) return false;
    const auto column = series_.GetColumnIds()[binding.column_index].GetPrimaryIndex();
    return !duckdb::IsVirtualColumn(column) && table_.LogicalColumn(column).name == name;
  }

  // luma_labels(labels)
  bool IsLabelMap(const Expression& expression) const {
    if (expression.GetExpressionClass() != ExpressionClass::BOUND_FUNCTION) return false;
    const auto& call = expression.Cast<duckdb::BoundFunctionExpression>();
    return call.function.name == "luma_labels" && IsColumn(*call.children[0], "labels");
  }

  // The label whose value the expression is. Where the series does not have it the value is null.
  Text LabelOf(const Expression& expression) const {
    if (IsColumn(expression, "metric")) return std::string(kMetricNameLabel);
    if (expression.GetExpressionClass() != ExpressionClass::BOUND_FUNCTION) return std::nullopt;
    const auto& call = expression.Cast<duckdb::BoundFunctionExpression>();
    if (call.children.size() != 2) return std::nullopt;
    const std::string& function = call.function.name;
    if (function == "luma_label") {
      return IsColumn(*call.children[0], "labels") ? ConstantOf(*call.children[1]) : std::nullopt;
    }
    const bool is_json = function == "->>";
    if (!is_json && function != "map_extract_value" && function != "array_extract") {
      return std::nullopt;
    }
    if (!IsLabelMap(is_json ? WithoutCast(*call.children[0]) : *call.children[0])) {
      return std::nullopt;
    }
    Text name = ConstantOf(*call.children[1]);
    if (is_json && name && (name->starts_with('$') || name->starts_with('/'))) return std::nullopt;
    return name == kMetricNameLabel ? std::nullopt : name;  // which the map does not have
  }

  // ->> takes maps as JSON. Its key is a name, unless it is a path.
  static const Expression& WithoutCast(const Expression& expression) {
    if (expression.GetExpressionClass() != ExpressionClass::BOUND_CAST) return expression;
    return *expression.Cast<duckdb::BoundCastExpression>().child;
  }

  // Conditions that a series without the label could satisfy do not choose any.
  static std::optional<Matcher> Make(const Text& label, MatchOp op, std::string value) {
    if (!label || (op == MatchOp::kEqual && value.empty())) return std::nullopt;
    Result<Matcher> matcher = Matcher::Create(*label, op, std::move(value));
    if (!matcher.ok()) return std::nullopt;
    return *std::move(matcher);
  }

  std::optional<Matcher> ReadComparison(const duckdb::BoundComparisonExpression& filter) const {
    const bool is_turned = filter.left->GetExpressionClass() == ExpressionClass::BOUND_CONSTANT;
    const Text value = ConstantOf(is_turned ? *filter.left : *filter.right);
    if (!value) return std::nullopt;
    const Text label = LabelOf(is_turned ? *filter.right : *filter.left);
    switch (filter.GetExpressionType()) {
      case ExpressionType::COMPARE_EQUAL:
      case ExpressionType::COMPARE_NOT_DISTINCT_FROM:
        return Make(label, MatchOp::kEqual, *value);
      case ExpressionType::COMPARE_NOTEQUAL:
        return Make(label, MatchOp::kNotEqual, *value);
      default:
        return std::nullopt;
    }
  }

  std::optional<Matcher> ReadOperator(const duckdb::BoundOperatorExpression& filter) const {
    switch (filter.GetExpressionType()) {
      case ExpressionType::OPERATOR_IS_NOT_NULL:
        return Make(LabelOf(*filter.children[0]), MatchOp::kNotEqual, "");
      case ExpressionType::COMPARE_IN:
        return ReadIn(filter);
      default:
        return std::nullopt;
    }
  }

  std::optional<Matcher> ReadIn(const duckdb::BoundOperatorExpression& filter) const {
    std::string values;
    for (size_t i = 1; i < filter.children.size(); ++i) {
      const Text value = ConstantOf(*filter.children[i]);
      if (!value) return std::nullopt;
      values += (i > 1 ? "|" : "") + Quote(*value);
    }
    return Make(LabelOf(*filter.children[0]), MatchOp::kRegex, values);
  }

  std::optional<Matcher> ReadFunction(const duckdb::BoundFunctionExpression& call) const {
    if (call.children.size() != 2) return std::nullopt;
    const Text value = ConstantOf(*call.children[1]);
    if (!value) return std::nullopt;
    const std::optional<std::string> pattern = PatternOf(call.function.name, *value);
    if (!pattern) return std::nullopt;
    return Make(LabelOf(*call.children[0]), MatchOp::kRegex, *pattern);
  }

  // The regular expression for whole values that the call stands for.
  static std::optional<std::string> PatternOf(std::string_view function, const std::string& value) {
    if (function == "prefix" || function == "starts_with" || function == "^@") {
      return Quote(value) + ".*";
    }
    if (function == "suffix" || function == "ends_with") return ".*" + Quote(value);
    if (function == "contains") return ".*" + Quote(value) + ".*";
    if (function == "~~") return PatternOfLike(value);
    if (function == "regexp_matches") return ".*(?:" + value + ").*";
    if (function == "regexp_full_match") return value;
    return std::nullopt;
  }

  // Of LIKE without an escape character; a backslash may be one.
  static std::optional<std::string> PatternOfLike(const std::string& like) {
    std::string pattern;
    for (const char c : like) {
      if (c == '\\') return std::nullopt;
      if (c == '%') {
        pattern += ".*";
      } else if (c == '_') {
        pattern += '.';
      } else {
        pattern += Quote({&c, 1});
      }
    }
    return pattern;
  }

  static std::string Quote(std::string_view text) {
    constexpr std::string_view kSpecial = "\\.+*?()[]{}^$|";
    std::string quoted;
    for (const char c : text) {
      if (kSpecial.find(c) != std::string_view::npos) quoted += '\\';
      quoted += c;
    }
    return quoted;
  }

  const duckdb::LogicalGet& series_;
  const LumaTableEntry& table_;
};

}  // namespace

std::optional<Matcher> SeriesMatcherOf(const Expression& filter, const duckdb::LogicalGet& series,
                                       const LumaTableEntry& table) {
  return FilterReader(series, table).Read(filter);
}

std::string KeyOf(const Matchers& matchers) {
  std::string key;
  for (const Matcher& matcher : matchers) {
    key += std::to_string(static_cast<int>(matcher.op()));
    for (const std::string& part : {matcher.name(), matcher.value()}) {
      key += ' ' + std::to_string(part.size()) + ' ' + part;
    }
  }
  return key;
}

}  // namespace luma::sql
