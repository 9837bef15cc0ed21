#include "promql/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "promql/duration_text.h"
#include "promql/float_text.h"
#include "promql/quoted_text.h"

namespace luma::promql {
namespace {

constexpr size_t kLineLengthMax = 100;

std::string Indent(size_t level) { return std::string(2 * level, ' '); }

bool IsPlainLabelName(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         std::all_of(name.begin(), name.end(), plain);
}

std::string LabelName(std::string_view name) {
  return IsPlainLabelName(name) ? std::string(name) : QuotedText(name);
}

std::string LabelList(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + LabelName(name);
  return "(" + list + ")";
}

std::string AtText(const TimeShift& shift) {
  switch (shift.at.kind) {
    case AtModifier::Kind::kNone:
      return "";
    case AtModifier::Kind::kTime:
      return fmt::format(" @ {:.3f}", static_cast<double>(shift.at.time) / 1000);
    case AtModifier::Kind::kStart:
      return " @ start()";
    case AtModifier::Kind::kEnd:
      return " @ end()";
  }
  return "";
}

std::string OffsetText(const TimeShift& shift) {
  const bool none = shift.offset.terms.empty() && shift.offset.ms == 0;
  if (none) return "";
  const std::string text = DurationText(shift.offset);
  // "offset" takes one operand: an expression needs parentheses.
  const bool enclosed = shift.offset.terms.size() > 2;
  return " offset " + (enclosed ? "(" + text + ")" : text);
}

std::string_view EdgesText(RangeEdges edges) {
  switch (edges) {
    case RangeEdges::kPlain:
      return "";
    case RangeEdges::kAnchored:
      return " anchored";
    case RangeEdges::kSmoothed:
      return " smoothed";
  }
  return "";
}

// The name and what is in braces.
std::string SelectorText(const VectorSelector& selector) {
  std::vector<std::string> matchers;
  for (size_t i = selector.named ? 1 : 0; i < selector.matchers.size(); ++i) {
    matchers.push_back(FormatMatcher(selector.matchers[i]));
  }
  std::sort(matchers.begin(), matchers.end());
  std::string text = selector.named ? selector.matchers[0].value() : "";
  if (matchers.empty()) return text;
  return text + fmt::format("{{{}}}", fmt::join(matchers, ","));
}

std::string MatchingText(const Binary& binary) {
  const VectorMatching& matching = binary.matching;
  const bool grouped = matching.grouping != Grouping::kNone;
  std::string text;
  if (matching.on || grouped || !matching.labels.empty()) {
    text += (matching.on ? " on " : " ignoring ") + LabelList(matching.labels);
  }
  if (grouped) {
    text += (matching.grouping == Grouping::kLeft ? " group_left " : " group_right ") +
            LabelList(matching.include);
  }
  const auto& left = matching.fill_left;
  const auto& right = matching.fill_right;
  if (left && left == right) return text + " fill (" + FloatText(*left) + ")";
  if (left) text += " fill_left (" + FloatText(*left) + ")";
  if (right) text += " fill_right (" + FloatText(*right) + ")";
  return text;
}

std::string OperatorText(const Binary& binary) {
  return std::string(BinaryOpText(binary.op)) + (binary.return_bool ? " bool" : "") +
         MatchingText(binary);
}

std::string AggregateHead(const Aggregate& aggregate) {
  std::string text(AggregateOpText(aggregate.op));
  if (aggregate.without) return text + " without " + LabelList(aggregate.labels) + " ";
  if (!aggregate.labels.empty()) text += " by " + LabelList(aggregate.labels) + " ";
  return text;
}

std::string SubqueryTail(const Subquery& subquery) {
  const std::string step = subquery.step ? DurationText(*subquery.step) : "";
  return "[" + DurationText(subquery.range) + ":" + step + "]" + AtText(subquery.shift) +
         OffsetText(subquery.shift);
}

void AppendOneLine(const Expr& expr, std::string& out);

// Appends, so that a deep tree costs no more than its text.
struct OneLine {
  std::string& out;

  void operator()(const NumberLiteral& number) const { out += FloatText(number.value); }
  void operator()(const StringLiteral& string) const { out += QuotedText(string.value); }
  void operator()(const VectorSelector& selector) const {
    out += SelectorText(selector);
    out += AtText(selector.shift);
    out += EdgesText(selector.edges);
    out += OffsetText(selector.shift);
  }
  void operator()(const MatrixSelector& matrix) const {
    out += SelectorText(matrix.vector) + "[" + DurationText(matrix.range) + "]";
    out += EdgesText(matrix.vector.edges);
    out += AtText(matrix.vector.shift) + OffsetText(matrix.vector.shift);
  }
  void operator()(const Subquery& subquery) const {
    AppendOneLine(*subquery.expr, out);
    out += SubqueryTail(subquery);
  }
  void operator()(const UnaryMinus& minus) const {
    out += "-";
    AppendOneLine(*minus.expr, out);
  }
  void operator()(const Paren& paren) const {
    out += "(";
    AppendOneLine(*paren.expr, out);
    out += ")";
  }
  void operator()(const Binary& binary) const {
    AppendOneLine(*binary.left, out);
    out += " " + OperatorText(binary) + " ";
    AppendOneLine(*binary.right, out);
  }
  void operator()(const Aggregate& aggregate) const {
    out += AggregateHead(aggregate) + "(";
    if (aggregate.parameter) {
      AppendOneLine(*aggregate.parameter, out);
      out += ", ";
    }
    AppendOneLine(*aggregate.expr, out);
    out += ")";
  }
  void operator()(const Call& call) const {
    out += call.function->name;
    out += "(";
    for (size_t i = 0; i < call.arguments.size(); ++i) {
      if (i > 0) out += ", ";
      AppendOneLine(*call.arguments[i], out);
    }
    out += ")";
  }
};

void AppendOneLine(const Expr& expr, std::string& out) { std::visit(OneLine{out}, expr.node); }

void AppendPretty(const Expr& expr, size_t level, std::string& out);

// Of an expression that is too long for a line.
struct Split {
  size_t level;
  std::string& out;

  template <typename Leaf>
  void operator()(const Leaf& leaf) const {
    out += Indent(level);
    OneLine{out}(leaf);
  }
  // Its expression indents itself.
  void operator()(const Subquery& subquery) const {
    AppendPretty(*subquery.expr, level, out);
    out += SubqueryTail(subquery);
  }
  void operator()(const UnaryMinus& minus) const {
    out += Indent(level) + "-";
    const size_t begin = out.size();
    AppendPretty(*minus.expr, level, out);
    out.erase(begin, out.find_first_not_of(' ', begin) - begin);
  }
  void operator()(const Paren& paren) const {
    out += Indent(level) + "(\n";
    AppendPretty(*paren.expr, level + 1, out);
    out += "\n" + Indent(level) + ")";
  }
  void operator()(const Binary& binary) const {
    AppendPretty(*binary.left, level + 1, out);
    out += "\n" + Indent(level) + OperatorText(binary) + "\n";
    AppendPretty(*binary.right, level + 1, out);
  }
  void operator()(const Aggregate& aggregate) const {
    out += Indent(level) + AggregateHead(aggregate) + "(\n";
    if (aggregate.parameter) {
      AppendPretty(*aggregate.parameter, level + 1, out);
      out += ",\n";
    }
    AppendPretty(*aggregate.expr, level + 1, out);
    out += "\n" + Indent(level) + ")";
  }
  void operator()(const Call& call) const {
    out += Indent(level);
    out += call.function->name;
    out += "(\n";
    for (size_t i = 0; i < call.arguments.size(); ++i) {
      if (i > 0) out += ",\n";
      AppendPretty(*call.arguments[i], level + 1, out);
    }
    out += "\n" + Indent(level) + ")";
  }
};

void AppendPretty(const Expr& expr, size_t level, std::string& out) {
  const std::string line = FormatOnOneLine(expr);
  if (line.size() > kLineLengthMax) return std::visit(Split{level, out}, expr.node);
  // As Prometheus has it: a short subquery is the one thing that is not indented.
  if (!std::holds_alternative<Subquery>(expr.node)) out += Indent(level);
  out += line;
}

}  // namespace

std::string FormatMatcher(const Matcher& matcher) {
  return LabelName(matcher.name()) + std::string(MatchOpText(matcher.op())) +
         QuotedText(matcher.value());
}

std::string FormatOnOneLine(const Expr& expr) {
  std::string text;
  AppendOneLine(expr, text);
  return text;
}

std::string FormatPretty(const Expr& expr) {
  std::string text;
  AppendPretty(expr, 0, text);
  return text;
}

}  // namespace luma::promql
