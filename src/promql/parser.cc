#include "promql/parser.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "promql/internal/selector_parser.h"
#include "promql/internal/token_stream.h"
#include "promql/internal/type_check.h"

namespace luma::promql {
namespace {

// Binding strengths, weakest first, as in Prometheus' grammar.
constexpr int kWeakest = 1;
constexpr int kPowerStrength = 6;

struct OperatorInfo {
  BinaryOp op;
  std::string_view text;
  int strength;
  std::optional<TokenKind> symbol;  // none: a word
};
constexpr OperatorInfo kOperators[] = {
    {BinaryOp::kOr, "or", 1, std::nullopt},
    {BinaryOp::kAnd, "and", 2, std::nullopt},
    {BinaryOp::kUnless, "unless", 2, std::nullopt},
    {BinaryOp::kEqual, "==", 3, TokenKind::kEqual},
    {BinaryOp::kNotEqual, "!=", 3, TokenKind::kNotEqual},
    {BinaryOp::kLess, "<", 3, TokenKind::kLess},
    {BinaryOp::kLessEqual, "<=", 3, TokenKind::kLessEqual},
    {BinaryOp::kGreater, ">", 3, TokenKind::kGreater},
    {BinaryOp::kGreaterEqual, ">=", 3, TokenKind::kGreaterEqual},
    {BinaryOp::kTrimUpper, "</", 3, TokenKind::kTrimUpper},
    {BinaryOp::kTrimLower, ">/", 3, TokenKind::kTrimLower},
    {BinaryOp::kAdd, "+", 4, TokenKind::kAdd},
    {BinaryOp::kSubtract, "-", 4, TokenKind::kSubtract},
    {BinaryOp::kMultiply, "*", 5, TokenKind::kMultiply},
    {BinaryOp::kDivide, "/", 5, TokenKind::kDivide},
    {BinaryOp::kModulo, "%", 5, TokenKind::kModulo},
    {BinaryOp::kAtan2, "atan2", 5, std::nullopt},
    {BinaryOp::kPower, "^", kPowerStrength, TokenKind::kPower},
};

const OperatorInfo* FindOperator(const Token& token) {
  for (const OperatorInfo& info : kOperators) {
    if (info.symbol ? token.kind == *info.symbol : IsWord(token, info.text)) return &info;
  }
  return nullptr;
}

struct AggregateInfo {
  std::string_view name;
  AggregateOp op;
};
constexpr AggregateInfo kAggregates[] = {
    {"sum", AggregateOp::kSum},           {"avg", AggregateOp::kAvg},
    {"count", AggregateOp::kCount},       {"min", AggregateOp::kMin},
    {"max", AggregateOp::kMax},           {"group", AggregateOp::kGroup},
    {"stddev", AggregateOp::kStddev},     {"stdvar", AggregateOp::kStdvar},
    {"topk", AggregateOp::kTopk},         {"bottomk", AggregateOp::kBottomk},
    {"quantile", AggregateOp::kQuantile}, {"count_values", AggregateOp::kCountValues},
    {"limitk", AggregateOp::kLimitk},     {"limit_ratio", AggregateOp::kLimitRatio},
};

const AggregateInfo* FindAggregate(const Token& token) {
  for (const AggregateInfo& info : kAggregates) {
    if (IsWord(token, info.name)) return &info;
  }
  return nullptr;
}

// Words that cannot start an expression, not even as a metric name.
bool IsReserved(const Token& token) {
  for (const std::string_view word :
       {"bool", "on", "ignoring", "group_left", "group_right", "atan2"}) {
    if (IsWord(token, word)) return true;
  }
  return false;
}

class Parser {
 public:
  explicit Parser(TokenStream tokens) : tokens_(std::move(tokens)) {}

  Result<ExprPtr> Run() {
    if (tokens_.Peek().kind == TokenKind::kEnd) {
      return tokens_.ErrorAt(0, "no expression found in input");
    }
    LUMA_ASSIGN_OR_RETURN(ExprPtr expr, ReadExpr(kWeakest));
    if (tokens_.Peek().kind != TokenKind::kEnd) return tokens_.Unexpected("");
    return expr;
  }

 private:
  // Operands joined by operators that bind at least as strongly as `weakest`.
  Result<ExprPtr> ReadExpr(int weakest) {
    if (nesting_ >= kNestingMax) return TooDeep(tokens_.Peek().begin);
    ++nesting_;
    Result<ExprPtr> expr = ReadOperatorChain(weakest);
    --nesting_;
    return expr;
  }

  Result<ExprPtr> ReadOperatorChain(int weakest) {
    LUMA_ASSIGN_OR_RETURN(ExprPtr left, ReadUnary());
    while (true) {
      const OperatorInfo* const info = FindOperator(tokens_.Peek());
      if (info == nullptr || info->strength < weakest) return left;
      tokens_.Next();
      LUMA_ASSIGN_OR_RETURN(left, ReadBinaryRest(std::move(left), *info));
    }
  }

  // The operator has been taken. All associate to the left, except "^".
  Result<ExprPtr> ReadBinaryRest(ExprPtr left, const OperatorInfo& info) {
    Binary binary;
    binary.op = info.op;
    binary.return_bool = tokens_.AcceptWord("bool");
    LUMA_ASSIGN_OR_RETURN(const bool has_matching, ReadMatching(binary.matching));
    LUMA_ASSIGN_OR_RETURN(
        binary.right, ReadExpr(info.op == BinaryOp::kPower ? info.strength : info.strength + 1));
    binary.left = std::move(left);
    const size_t begin = binary.left->begin;
    if (const std::string message = CheckBinary(binary, has_matching); !message.empty()) {
      return tokens_.ErrorAt(begin, message);
    }
    const bool scalars =
        binary.left->type == ValueType::kScalar && binary.right->type == ValueType::kScalar;
    const size_t depth = std::max(binary.left->depth, binary.right->depth);
    return Make(std::move(binary), scalars ? ValueType::kScalar : ValueType::kVector, begin, depth);
  }

  // [on|ignoring (labels) [group_left|group_right [(labels)]]] and fills; true when there was any.
  Result<bool> ReadMatching(VectorMatching& matching) {
    LUMA_ASSIGN_OR_RETURN(const bool labels, ReadMatchingLabels(matching));
    LUMA_ASSIGN_OR_RETURN(const bool fills, ReadFills(matching));
    return labels || fills;
  }

  // A metric may be called "fill" too: only a "(" behind it makes a modifier.
  Result<bool> ReadFills(VectorMatching& matching) {
    bool any = false;
    while (tokens_.Peek(1).kind == TokenKind::kLeftParen) {
      const bool both = IsWord(tokens_.Peek(), "fill");
      const bool left = both || IsWord(tokens_.Peek(), "fill_left");
      const bool right = both || IsWord(tokens_.Peek(), "fill_right");
      if (!left && !right) break;
      tokens_.Next();
      LUMA_ASSIGN_OR_RETURN(const double value, ReadFillValue());
      if (left) matching.fill_left = value;
      if (right) matching.fill_right = value;
      any = true;
    }
    return any;
  }

  Result<double> ReadFillValue() {
    LUMA_RETURN_IF_ERROR(tokens_.Expect(TokenKind::kLeftParen, "fill modifier", "\"(\""));
    const bool negative = tokens_.Accept(TokenKind::kSubtract);
    if (!negative) tokens_.Accept(TokenKind::kAdd);
    if (tokens_.Peek().kind != TokenKind::kNumber) {
      return tokens_.Unexpected("fill modifier", "number");
    }
    const double value = tokens_.Next().number;
    LUMA_RETURN_IF_ERROR(tokens_.Expect(TokenKind::kRightParen, "fill modifier", "\")\""));
    return negative ? -value : value;
  }

  Result<bool> ReadMatchingLabels(VectorMatching& matching) {
    matching.on = tokens_.AcceptWord("on");
    if (!matching.on && !tokens_.AcceptWord("ignoring")) return false;
    LUMA_ASSIGN_OR_RETURN(matching.labels, ReadLabelList());
    if (tokens_.AcceptWord("group_left")) {
      matching.grouping = Grouping::kLeft;
    } else if (tokens_.AcceptWord("group_right")) {
      matching.grouping = Grouping::kRight;
    } else {
      return true;
    }
    if (tokens_.Peek().kind == TokenKind::kLeftParen) {
      LUMA_ASSIGN_OR_RETURN(matching.include, ReadLabelList());
    }
    return true;
  }

  Result<std::vector<std::string>> ReadLabelList() {
    std::vector<std::string> labels;
    LUMA_RETURN_IF_ERROR(tokens_.Expect(TokenKind::kLeftParen, "grouping opts", "\"(\""));
    while (!tokens_.Accept(TokenKind::kRightParen)) {
      const Token& token = tokens_.Peek();
      if (token.kind != TokenKind::kWord && token.kind != TokenKind::kString) {
        return tokens_.Unexpected("grouping opts", "label");
      }
      labels.push_back(token.kind == TokenKind::kString ? token.string : std::string(token.text));
      tokens_.Next();
      if (tokens_.Accept(TokenKind::kComma)) continue;
      LUMA_RETURN_IF_ERROR(
          tokens_.Expect(TokenKind::kRightParen, "grouping opts", "\",\" or \")\""));
      break;
    }
    return labels;
  }

  // A sign binds more weakly than "^": -1^2 is -(1^2).
  Result<ExprPtr> ReadUnary() {
    const Token sign = tokens_.Peek();
    if (sign.kind != TokenKind::kAdd && sign.kind != TokenKind::kSubtract) return ReadPostfix();
    tokens_.Next();
    LUMA_ASSIGN_OR_RETURN(ExprPtr expr, ReadExpr(kPowerStrength));
    if (expr->type != ValueType::kScalar && expr->type != ValueType::kVector) {
      return tokens_.ErrorAt(sign.begin,
                             "unary expression only allowed on expressions of type scalar or "
                             "instant vector, got \"" +
                                 std::string(ValueTypeText(expr->type)) + "\"");
    }
    if (sign.kind == TokenKind::kAdd) return expr;
    const ValueType type = expr->type;
    const size_t depth = expr->depth;
    return Make(UnaryMinus{std::move(expr)}, type, sign.begin, depth);
  }

  // An operand with any of: [range], [range:step], offset, @.
  Result<ExprPtr> ReadPostfix() {
    LUMA_ASSIGN_OR_RETURN(ExprPtr expr, ReadPrimary());
    while (true) {
      if (tokens_.Accept(TokenKind::kLeftBracket)) {
        LUMA_ASSIGN_OR_RETURN(expr, ReadBrackets(std::move(expr)));
      } else if (tokens_.AcceptWord("offset")) {
        LUMA_ASSIGN_OR_RETURN(TimeShift* const shift, ShiftOf(*expr, "offset modifier"));
        LUMA_RETURN_IF_ERROR(ReadOffset(tokens_, *shift));
      } else if (tokens_.Accept(TokenKind::kAt)) {
        LUMA_ASSIGN_OR_RETURN(TimeShift* const shift, ShiftOf(*expr, "@ modifier"));
        LUMA_RETURN_IF_ERROR(ReadAt(tokens_, *shift));
      } else if (tokens_.AcceptWord("anchored")) {
        LUMA_RETURN_IF_ERROR(SetEdges(*expr, RangeEdges::kAnchored));
      } else if (tokens_.AcceptWord("smoothed")) {
        LUMA_RETURN_IF_ERROR(SetEdges(*expr, RangeEdges::kSmoothed));
      } else {
        return expr;
      }
      expr->end = tokens_.last_end();
    }
  }

  Status SetEdges(Expr& expr, RangeEdges edges) {
    const bool anchored = edges == RangeEdges::kAnchored;
    auto* vector = std::get_if<VectorSelector>(&expr.node);
    if (vector != nullptr && anchored) {
      return tokens_.ErrorAt(expr.begin, "anchored modifier can only be used on range selectors");
    }
    if (auto* const matrix = std::get_if<MatrixSelector>(&expr.node)) vector = &matrix->vector;
    if (vector == nullptr) {
      return tokens_.ErrorAt(expr.begin, "anchored and smoothed must be preceded by a selector");
    }
    if (vector->edges != RangeEdges::kPlain && vector->edges != edges) {
      return tokens_.ErrorAt(expr.begin, "anchored and smoothed modifiers cannot be used together");
    }
    vector->edges = edges;
    return Status::Ok();
  }

  Result<TimeShift*> ShiftOf(Expr& expr, std::string_view modifier) {
    if (auto* const vector = std::get_if<VectorSelector>(&expr.node)) return &vector->shift;
    if (auto* const matrix = std::get_if<MatrixSelector>(&expr.node)) return &matrix->vector.shift;
    if (auto* const subquery = std::get_if<Subquery>(&expr.node)) return &subquery->shift;
    return tokens_.ErrorAt(expr.begin, std::string(modifier) +
                                           " must be preceded by an instant vector selector or "
                                           "range vector selector or a subquery");
  }

  // "[" has been taken.
  Result<ExprPtr> ReadBrackets(ExprPtr expr) {
    const size_t begin = expr->begin;
    LUMA_ASSIGN_OR_RETURN(Duration range, ReadRangeLength(tokens_));
    if (tokens_.Accept(TokenKind::kColon)) {
      return ReadSubqueryRest(std::move(expr), std::move(range));
    }
    LUMA_RETURN_IF_ERROR(
        tokens_.Expect(TokenKind::kRightBracket, "range or subquery selector", "\":\" or \"]\""));
    auto* const vector = std::get_if<VectorSelector>(&expr->node);
    if (vector == nullptr) {
      return tokens_.ErrorAt(begin, "ranges only allowed for vector selectors");
    }
    if (vector->shift.has_offset) {
      return tokens_.ErrorAt(begin, "no offset modifiers allowed before range");
    }
    if (vector->shift.at.kind != AtModifier::Kind::kNone) {
      return tokens_.ErrorAt(begin, "no @ modifiers allowed before range");
    }
    return Make(MatrixSelector{std::move(*vector), std::move(range)}, ValueType::kMatrix, begin, 0);
  }

  Result<ExprPtr> ReadSubqueryRest(ExprPtr expr, Duration range) {
    Subquery subquery;
    subquery.range = std::move(range);
    if (tokens_.Peek().kind != TokenKind::kRightBracket) {
      LUMA_ASSIGN_OR_RETURN(subquery.step, ReadRangeLength(tokens_));
    }
    LUMA_RETURN_IF_ERROR(tokens_.Expect(TokenKind::kRightBracket, "subquery selector", "\"]\""));
    const size_t begin = expr->begin;
    if (expr->type != ValueType::kVector) {
      return tokens_.ErrorAt(begin, "subquery is only allowed on instant vector, got " +
                                        std::string(ValueTypeText(expr->type)) + " instead");
    }
    const size_t depth = expr->depth;
    subquery.expr = std::move(expr);
    return Make(std::move(subquery), ValueType::kMatrix, begin, depth);
  }

  Result<ExprPtr> ReadPrimary() {
    const Token& token = tokens_.Peek();
    const size_t begin = token.begin;
    switch (token.kind) {
      case TokenKind::kNumber:
        return Make(NumberLiteral{tokens_.Next().number}, ValueType::kScalar, begin, 0);
      case TokenKind::kString:
        return Make(StringLiteral{tokens_.Next().string}, ValueType::kString, begin, 0);
      case TokenKind::kLeftParen:
        return ReadParen();
      case TokenKind::kLeftBrace:
        return ReadSelector();
      case TokenKind::kWord:
        return ReadWord();
      default:
        return tokens_.Unexpected("");
    }
  }

  Result<ExprPtr> ReadParen() {
    const size_t begin = tokens_.Next().begin;
    LUMA_ASSIGN_OR_RETURN(ExprPtr expr, ReadExpr(kWeakest));
    LUMA_RETURN_IF_ERROR(tokens_.Expect(TokenKind::kRightParen, "paren expression", "\")\""));
    const ValueType type = expr->type;
    const size_t depth = expr->depth;
    return Make(Paren{std::move(expr)}, type, begin, depth);
  }

  Result<ExprPtr> ReadSelector() {
    const size_t begin = tokens_.Peek().begin;
    LUMA_ASSIGN_OR_RETURN(VectorSelector selector, ReadVectorSelector(tokens_, empty_matchers_));
    return Make(std::move(selector), ValueType::kVector, begin, 0);
  }

  // An aggregation, a function call or a metric name: what follows decides.
  Result<ExprPtr> ReadWord() {
    const Token& token = tokens_.Peek();
    const Token& next = tokens_.Peek(1);
    const AggregateInfo* const aggregate = FindAggregate(token);
    const bool called = next.kind == TokenKind::kLeftParen;
    if (aggregate != nullptr && (called || IsWord(next, "by") || IsWord(next, "without"))) {
      return ReadAggregate(*aggregate);
    }
    if (called) return ReadCall();
    if (IsReserved(token)) return tokens_.Unexpected("");
    return ReadSelector();
  }

  Result<ExprPtr> ReadCall() {
    const Token name = tokens_.Next();
    Call call;
    call.function = FindFunction(name.text);
    if (call.function == nullptr) {
      return tokens_.ErrorAt(name.begin,
                             "unknown function with name \"" + std::string(name.text) + "\"");
    }
    LUMA_ASSIGN_OR_RETURN(call.arguments, ReadArguments(name.text == "info"));
    if (const std::string message = CheckCall(call); !message.empty()) {
      return tokens_.ErrorAt(name.begin, message);
    }
    size_t depth = 0;
    for (const ExprPtr& argument : call.arguments) depth = std::max(depth, argument->depth);
    return Make(std::move(call), call.function->result, name.begin, depth);
  }

  // The second argument of info() only lists labels, so it may match everything.
  Result<std::vector<ExprPtr>> ReadArguments(bool of_info = false) {
    std::vector<ExprPtr> arguments;
    LUMA_RETURN_IF_ERROR(tokens_.Expect(TokenKind::kLeftParen, "function call", "\"(\""));
    if (tokens_.Accept(TokenKind::kRightParen)) return arguments;
    while (true) {
      const bool bare = of_info && arguments.size() == 1;
      const EmptyMatchers outside =
          std::exchange(empty_matchers_, bare ? EmptyMatchers::kAllowed : EmptyMatchers::kRefused);
      Result<ExprPtr> argument = ReadExpr(kWeakest);
      empty_matchers_ = outside;
      LUMA_RETURN_IF_ERROR(argument.status());
      arguments.push_back(*std::move(argument));
      if (tokens_.Accept(TokenKind::kComma)) continue;
      LUMA_RETURN_IF_ERROR(
          tokens_.Expect(TokenKind::kRightParen, "function call", "\",\" or \")\""));
      return arguments;
    }
  }

  // by (labels) or without (labels), before or after the arguments.
  Result<ExprPtr> ReadAggregate(const AggregateInfo& info) {
    const size_t begin = tokens_.Next().begin;
    Aggregate aggregate;
    aggregate.op = info.op;
    LUMA_ASSIGN_OR_RETURN(const bool grouped, ReadGrouping(aggregate));
    LUMA_ASSIGN_OR_RETURN(std::vector<ExprPtr> arguments, ReadArguments());
    if (!grouped) LUMA_RETURN_IF_ERROR(ReadGrouping(aggregate).status());
    const size_t argument_count = arguments.size();
    if (!arguments.empty()) aggregate.expr = std::move(arguments.back());
    if (argument_count > 1) aggregate.parameter = std::move(arguments.front());
    if (const std::string message = CheckAggregate(aggregate, info.name, argument_count);
        !message.empty()) {
      return tokens_.ErrorAt(begin, message);
    }
    const size_t depth =
        std::max(aggregate.expr->depth, aggregate.parameter ? aggregate.parameter->depth : 0);
    return Make(std::move(aggregate), ValueType::kVector, begin, depth);
  }

  Result<bool> ReadGrouping(Aggregate& aggregate) {
    aggregate.without = tokens_.AcceptWord("without");
    if (!aggregate.without && !tokens_.AcceptWord("by")) return false;
    LUMA_ASSIGN_OR_RETURN(aggregate.labels, ReadLabelList());
    return true;
  }

  template <typename Node>
  Result<ExprPtr> Make(Node node, ValueType type, size_t begin, size_t depth_below) {
    if (depth_below >= kTreeDepthMax) return TooDeep(begin);
    auto expr = std::make_unique<Expr>();
    expr->node = std::move(node);
    expr->type = type;
    expr->begin = begin;
    expr->end = tokens_.last_end();
    expr->depth = depth_below + 1;
    return expr;
  }

  Status TooDeep(size_t offset) const {
    return tokens_.ErrorAt(offset, "expression is nested too deeply");
  }

  TokenStream tokens_;
  size_t nesting_ = 0;
  EmptyMatchers empty_matchers_ = EmptyMatchers::kRefused;
};

Result<TokenStream> TokensOf(std::string_view query) {
  if (query.size() > kQueryBytesMax) {
    return Status::TooLarge("query is too long: bytes=", query.size(), " limit=", kQueryBytesMax);
  }
  LUMA_ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(query));
  return TokenStream(query, std::move(tokens));
}

}  // namespace

bool IsWord(const Token& token, std::string_view keyword) {
  return token.kind == TokenKind::kWord && token.text.size() == keyword.size() &&
         std::equal(keyword.begin(), keyword.end(), token.text.begin(),
                    [](char wanted, char given) {
                      return wanted == std::tolower(static_cast<unsigned char>(given));
                    });
}

std::string_view BinaryOpText(BinaryOp op) {
  for (const OperatorInfo& info : kOperators) {
    if (info.op == op) return info.text;
  }
  return "";
}

std::string_view AggregateOpText(AggregateOp op) {
  for (const AggregateInfo& info : kAggregates) {
    if (info.op == op) return info.name;
  }
  return "";
}

bool IsComparison(BinaryOp op) { return op >= BinaryOp::kEqual && op <= BinaryOp::kGreaterEqual; }
bool IsSetOperator(BinaryOp op) { return op >= BinaryOp::kAnd; }
bool IsTrim(BinaryOp op) { return op == BinaryOp::kTrimUpper || op == BinaryOp::kTrimLower; }

Result<ExprPtr> Parse(std::string_view query) {
  LUMA_ASSIGN_OR_RETURN(TokenStream tokens, TokensOf(query));
  return Parser(std::move(tokens)).Run();
}

Result<Matchers> ParseSelector(std::string_view text) {
  LUMA_ASSIGN_OR_RETURN(TokenStream tokens, TokensOf(text));
  LUMA_ASSIGN_OR_RETURN(VectorSelector selector, ReadVectorSelector(tokens));
  if (tokens.Peek().kind != TokenKind::kEnd) return tokens.Unexpected("");
  return std::move(selector.matchers);
}

}  // namespace luma::promql
