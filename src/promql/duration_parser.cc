#include "promql/internal/duration_parser.h"

#include <optional>

namespace luma::promql {
namespace {

using Kind = DurationTerm::Kind;

constexpr int kNestingMax = 100;
constexpr int kWeakest = 1;
constexpr int kSignStrength = 3;
constexpr int kPowerStrength = 4;

struct DurationOperator {
  Kind kind;
  int strength;
};

std::optional<DurationOperator> OperatorOf(TokenKind kind) {
  switch (kind) {
    case TokenKind::kAdd:
      return DurationOperator{Kind::kAdd, 1};
    case TokenKind::kSubtract:
      return DurationOperator{Kind::kSubtract, 1};
    case TokenKind::kMultiply:
      return DurationOperator{Kind::kMultiply, 2};
    case TokenKind::kDivide:
      return DurationOperator{Kind::kDivide, 2};
    case TokenKind::kModulo:
      return DurationOperator{Kind::kModulo, 2};
    case TokenKind::kPower:
      return DurationOperator{Kind::kPower, kPowerStrength};
    default:
      return std::nullopt;
  }
}

class DurationParser {
 public:
  DurationParser(TokenStream& tokens, std::string_view context)
      : tokens_(tokens), context_(context) {}

  Status ReadExpr(int weakest) {
    if (nesting_ >= kNestingMax) {
      return tokens_.ErrorAt(tokens_.Peek().begin, "expression is nested too deeply");
    }
    ++nesting_;
    LUMA_RETURN_IF_ERROR(ReadChain(weakest));
    --nesting_;
    return Status::Ok();
  }

  // The operators behind it belong to the expression around.
  Status ReadSignedPrimary() {
    const bool negative = tokens_.Accept(TokenKind::kSubtract);
    if (!negative) tokens_.Accept(TokenKind::kAdd);
    LUMA_RETURN_IF_ERROR(ReadPrimary());
    if (negative) Push(Kind::kNegate);
    return Status::Ok();
  }

  // Without step() and range() the value is known now, and so are its errors.
  Result<Duration> Take(size_t begin) {
    Duration duration{.ms = 0, .terms = std::move(terms_)};
    if (needs_query_) return duration;
    const Result<int64_t> millis = ResolveDuration(duration, 0, 0);
    if (!millis.ok()) return tokens_.ErrorAt(begin, millis.status().message());
    return Duration{.ms = *millis, .terms = {}};
  }

 private:
  Status ReadOperand() {
    const bool negative = tokens_.Accept(TokenKind::kSubtract);
    if (negative || tokens_.Accept(TokenKind::kAdd)) {
      LUMA_RETURN_IF_ERROR(ReadExpr(kSignStrength));
      if (negative) Push(Kind::kNegate);
      return Status::Ok();
    }
    return ReadPrimary();
  }

  Status ReadChain(int weakest) {
    LUMA_RETURN_IF_ERROR(ReadOperand());
    while (true) {
      const std::optional<DurationOperator> op = OperatorOf(tokens_.Peek().kind);
      if (!op || op->strength < weakest) return Status::Ok();
      tokens_.Next();
      LUMA_RETURN_IF_ERROR(ReadExpr(op->kind == Kind::kPower ? kPowerStrength : op->strength + 1));
      Push(op->kind);
    }
  }

  Status ReadPrimary() {
    const Token& token = tokens_.Peek();
    if (token.kind == TokenKind::kNumber) {
      terms_.push_back({.kind = Kind::kNumber, .seconds = tokens_.Next().number});
      return Status::Ok();
    }
    if (tokens_.Accept(TokenKind::kLeftParen)) {
      LUMA_RETURN_IF_ERROR(ReadExpr(kWeakest));
      return tokens_.Expect(TokenKind::kRightParen, "paren expression", "\")\"");
    }
    if (IsWord(token, "step")) return ReadQueryTerm(Kind::kStep);
    if (IsWord(token, "range")) return ReadQueryTerm(Kind::kRange);
    if (IsWord(token, "min") || IsWord(token, "min_of")) return ReadPair(Kind::kMin);
    if (IsWord(token, "max") || IsWord(token, "max_of")) return ReadPair(Kind::kMax);
    return tokens_.Unexpected(context_, "number or duration");
  }

  Status ReadQueryTerm(Kind kind) {
    tokens_.Next();
    LUMA_RETURN_IF_ERROR(tokens_.Expect(TokenKind::kLeftParen, context_, "\"(\""));
    LUMA_RETURN_IF_ERROR(tokens_.Expect(TokenKind::kRightParen, context_, "\")\""));
    needs_query_ = true;
    Push(kind);
    return Status::Ok();
  }

  Status ReadPair(Kind kind) {
    tokens_.Next();
    LUMA_RETURN_IF_ERROR(tokens_.Expect(TokenKind::kLeftParen, context_, "\"(\""));
    LUMA_RETURN_IF_ERROR(ReadExpr(kWeakest));
    LUMA_RETURN_IF_ERROR(tokens_.Expect(TokenKind::kComma, context_, "\",\""));
    LUMA_RETURN_IF_ERROR(ReadExpr(kWeakest));
    LUMA_RETURN_IF_ERROR(tokens_.Expect(TokenKind::kRightParen, context_, "\")\""));
    Push(kind);
    return Status::Ok();
  }

  void Push(Kind kind) { terms_.push_back({.kind = kind}); }

  TokenStream& tokens_;
  const std::string_view context_;
  std::vector<DurationTerm> terms_;
  bool needs_query_ = false;
  int nesting_ = 0;
};

}  // namespace

Result<Duration> ReadDurationExpr(TokenStream& tokens, std::string_view context) {
  const size_t begin = tokens.Peek().begin;
  DurationParser parser(tokens, context);
  LUMA_RETURN_IF_ERROR(parser.ReadExpr(kWeakest));
  return parser.Take(begin);
}

Result<Duration> ReadDurationOperand(TokenStream& tokens, std::string_view context) {
  const size_t begin = tokens.Peek().begin;
  DurationParser parser(tokens, context);
  LUMA_RETURN_IF_ERROR(parser.ReadSignedPrimary());
  return parser.Take(begin);
}

}  // namespace luma::promql
