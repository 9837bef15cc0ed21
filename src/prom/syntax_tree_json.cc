#include "prom/syntax_tree_json.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "promql/float_text.h"

namespace luma::prom {
namespace {

using promql::ValueType;

std::string_view TypeName(ValueType type) {
  switch (type) {
    case ValueType::kScalar:
      return "scalar";
    case ValueType::kString:
      return "string";
    case ValueType::kVector:
      return "vector";
    case ValueType::kMatrix:
      return "matrix";
  }
  return "";
}

// An object whose keys the caller gives in alphabetical order, as Go's maps are written.
class TreeWriter {
 public:
  explicit TreeWriter(JsonWriter& json) : json_(json) {}

  void Write(const promql::Expr& expr) {
    json_.BeginObject();
    std::visit(*this, expr.node);
    json_.EndObject();
  }

  void operator()(const promql::NumberLiteral& number) { Number(number.value); }
  void operator()(const promql::StringLiteral& string) {
    Text("type", "stringLiteral");
    Text("val", string.value);
  }
  void operator()(const promql::VectorSelector& selector) {
    Selector(selector, std::nullopt, "vectorSelector");
  }
  void operator()(const promql::MatrixSelector& matrix) {
    Selector(matrix.vector, matrix.range.ms, "matrixSelector");
  }
  void operator()(const promql::Subquery& subquery) {
    Flag("alignEvalTime", false);
    Child("expr", *subquery.expr);
    Integer("offset", subquery.shift.offset.ms);
    Integer("range", subquery.range.ms);
    At(subquery.shift.at, [&] { Integer("step", subquery.step ? subquery.step->ms : 0); });
    Text("type", "subquery");
  }
  // A sign before a number is part of the number.
  void operator()(const promql::UnaryMinus& minus) {
    if (const auto* number = std::get_if<promql::NumberLiteral>(&minus.expr->node)) {
      return Number(-number->value);
    }
    Child("expr", *minus.expr);
    Text("op", "-");
    Text("type", "unaryExpr");
  }
  void operator()(const promql::Paren& paren) {
    Child("expr", *paren.expr);
    Text("type", "parenExpr");
  }
  void operator()(const promql::Binary& binary) {
    Flag("bool", binary.return_bool);
    Child("lhs", *binary.left);
    json_.Key("matching");
    Matching(binary);
    Text("op", promql::BinaryOpText(binary.op));
    Child("rhs", *binary.right);
    Text("type", "binaryExpr");
  }
  void operator()(const promql::Aggregate& aggregate) {
    Child("expr", *aggregate.expr);
    Texts("grouping", aggregate.labels);
    Text("op", promql::AggregateOpText(aggregate.op));
    if (aggregate.parameter) {
      Child("param", *aggregate.parameter);
    } else {
      Null("param");
    }
    Text("type", "aggregation");
    Flag("without", aggregate.without);
  }
  void operator()(const promql::Call& call) {
    json_.Key("args");
    json_.BeginArray();
    for (const promql::ExprPtr& argument : call.arguments) Write(*argument);
    json_.EndArray();
    json_.Key("func");
    Signature(*call.function);
    Text("type", "call");
  }

 private:
  void Number(double value) {
    Text("type", "numberLiteral");
    Text("val", promql::FloatText(value));
  }

  void Selector(const promql::VectorSelector& selector, std::optional<int64_t> range_ms,
                std::string_view type) {
    Flag("anchored", selector.edges == promql::RangeEdges::kAnchored);
    json_.Key("matchers");
    json_.BeginArray();
    // Prometheus puts the name before the braces last.
    for (size_t i = selector.named ? 1 : 0; i < selector.matchers.size(); ++i) {
      WriteMatcher(selector.matchers[i]);
    }
    if (selector.named) WriteMatcher(selector.matchers[0]);
    json_.EndArray();
    Text("name", selector.named ? selector.matchers[0].value() : "");
    Integer("offset", selector.shift.offset.ms);
    if (range_ms) Integer("range", *range_ms);
    Flag("smoothed", selector.edges == promql::RangeEdges::kSmoothed);
    At(selector.shift.at, [] {});
    Text("type", type);
  }

  void WriteMatcher(const Matcher& matcher) {
    json_.BeginObject();
    Text("name", matcher.name());
    Text("type", MatchOpText(matcher.op()));
    Text("value", matcher.value());
    json_.EndObject();
  }

  // "startOrEnd" and "timestamp", with what comes between them.
  template <typename Between>
  void At(const promql::AtModifier& at, const Between& between) {
    using Kind = promql::AtModifier::Kind;
    if (at.kind == Kind::kStart || at.kind == Kind::kEnd) {
      Text("startOrEnd", at.kind == Kind::kStart ? "start" : "end");
    } else {
      Null("startOrEnd");
    }
    between();
    if (at.kind == Kind::kTime) {
      Integer("timestamp", at.time);
    } else {
      Null("timestamp");
    }
  }

  void Matching(const promql::Binary& binary) {
    if (binary.left->type != ValueType::kVector || binary.right->type != ValueType::kVector) {
      return json_.Raw("null");
    }
    const promql::VectorMatching& matching = binary.matching;
    json_.BeginObject();
    Text("card", Cardinality(binary));
    json_.Key("fillValues");
    json_.BeginObject();
    Fill("lhs", matching.fill_left);
    Fill("rhs", matching.fill_right);
    json_.EndObject();
    Texts("include", matching.include);
    Texts("labels", matching.labels);
    Flag("on", matching.on);
    json_.EndObject();
  }

  static std::string_view Cardinality(const promql::Binary& binary) {
    if (promql::IsSetOperator(binary.op)) return "many-to-many";
    switch (binary.matching.grouping) {
      case promql::Grouping::kNone:
        return "one-to-one";
      case promql::Grouping::kLeft:
        return "many-to-one";
      case promql::Grouping::kRight:
        return "one-to-many";
    }
    return "";
  }

  void Fill(std::string_view key, const std::optional<double>& value) {
    json_.Key(key);
    json_.Raw(value ? promql::FloatText(*value) : "null");
  }

  void Signature(const promql::Function& function) {
    json_.BeginObject();
    json_.Key("argTypes");
    json_.BeginArray();
    for (const ValueType type : function.parameters) json_.String(TypeName(type));
    json_.EndArray();
    Text("name", function.name);
    Text("returnType", TypeName(function.result));
    Integer("variadic", function.variadic ? -1 : static_cast<int64_t>(function.optional));
    json_.EndObject();
  }

  void Text(std::string_view key, std::string_view value) {
    json_.Key(key);
    json_.String(value);
  }
  void Texts(std::string_view key, const std::vector<std::string>& values) {
    json_.Key(key);
    json_.BeginArray();
    for (const std::string& value : values) json_.String(value);
    json_.EndArray();
  }
  void Integer(std::string_view key, int64_t value) {
    json_.Key(key);
    json_.Raw(std::to_string(value));
  }
  void Flag(std::string_view key, bool value) {
    json_.Key(key);
    json_.Raw(value ? "true" : "false");
  }
  void Null(std::string_view key) {
    json_.Key(key);
    json_.Raw("null");
  }
  void Child(std::string_view key, const promql::Expr& expr) {
    json_.Key(key);
    Write(expr);
  }

  JsonWriter& json_;
};

}  // namespace

void WriteSyntaxTree(const promql::Expr& expr, JsonWriter& json) { TreeWriter(json).Write(expr); }

}  // namespace luma::prom
