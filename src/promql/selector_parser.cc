#include "promql/internal/selector_parser.h"

#include <algorithm>
#include <optional>

#include "model/utf8.h"
#include "promql/internal/duration_parser.h"

namespace luma::promql {
namespace {

std::optional<MatchOp> MatchOpOf(TokenKind kind) {
  switch (kind) {
    case TokenKind::kAssign:
      return MatchOp::kEqual;
    case TokenKind::kNotEqual:
      return MatchOp::kNotEqual;
    case TokenKind::kMatch:
      return MatchOp::kRegex;
    case TokenKind::kNotMatch:
      return MatchOp::kNotRegex;
    default:
      return std::nullopt;
  }
}

// One of: name="value", "quoted name"="value", "quoted metric name".
Status ReadMatcher(TokenStream& tokens, Matchers& matchers) {
  const Token name = tokens.Next();
  const bool quoted = name.kind == TokenKind::kString;
  const bool plain = name.kind == TokenKind::kWord && name.text.find(':') == std::string_view::npos;
  if (!quoted && !plain) {
    return tokens.ErrorAt(name.begin, "unexpected " + Describe(name) +
                                          " in label matching, expected identifier or \"}\"");
  }
  std::string label = quoted ? name.string : std::string(name.text);
  const std::optional<MatchOp> op = MatchOpOf(tokens.Peek().kind);
  if (!op && !quoted) {
    return tokens.Unexpected("label matching", "label matching operator");
  }
  std::string value;
  if (op) {
    tokens.Next();
    if (tokens.Peek().kind != TokenKind::kString)
      return tokens.Unexpected("label matching", "string");
    value = tokens.Next().string;
  } else {
    value = std::exchange(label, std::string(kMetricNameLabel));
  }
  if (!IsValidUtf8(label) || !IsValidUtf8(value)) {
    return tokens.ErrorAt(name.begin, "label matcher is not valid UTF-8");
  }
  Result<Matcher> matcher =
      Matcher::Create(std::move(label), op.value_or(MatchOp::kEqual), std::move(value));
  if (!matcher.ok()) return tokens.ErrorAt(name.begin, matcher.status().message());
  matchers.push_back(*std::move(matcher));
  return Status::Ok();
}

Status ReadMatchers(TokenStream& tokens, Matchers& matchers) {
  while (!tokens.Accept(TokenKind::kRightBrace)) {
    LUMA_RETURN_IF_ERROR(ReadMatcher(tokens, matchers));
    if (tokens.Accept(TokenKind::kComma)) continue;
    LUMA_RETURN_IF_ERROR(tokens.Expect(TokenKind::kRightBrace, "label matching", "\",\" or \"}\""));
    break;
  }
  return Status::Ok();
}

Status CheckSelector(const TokenStream& tokens, size_t begin, const Matchers& matchers,
                     EmptyMatchers empty) {
  const auto is_name = [](const Matcher& matcher) {
    return matcher.name() == kMetricNameLabel && matcher.op() == MatchOp::kEqual;
  };
  const auto first = std::find_if(matchers.begin(), matchers.end(), is_name);
  const bool has_plain_name = first == matchers.begin() && first != matchers.end();
  const auto second =
      first == matchers.end() ? first : std::find_if(first + 1, matchers.end(), is_name);
  if (has_plain_name && second != matchers.end()) {
    return tokens.ErrorAt(begin, "metric name must not be set twice: \"" + first->value() +
                                     "\" or \"" + second->value() + "\"");
  }
  if (empty == EmptyMatchers::kRefused &&
      std::all_of(matchers.begin(), matchers.end(),
                  [](const Matcher& matcher) { return matcher.MatchesEmpty(); })) {
    return tokens.ErrorAt(begin, "vector selector must contain at least one non-empty matcher");
  }
  return Status::Ok();
}

// [+-] seconds, in milliseconds.
Result<UnixMillis> ReadTimestampMillis(TokenStream& tokens) {
  const bool negative = tokens.Accept(TokenKind::kSubtract);
  if (!negative) tokens.Accept(TokenKind::kAdd);
  if (tokens.Peek().kind != TokenKind::kNumber) {
    return tokens.Unexpected("@", "number or duration");
  }
  const Token& token = tokens.Next();
  const std::optional<int64_t> millis = MillisOfSeconds(token.number);
  if (!millis) return tokens.ErrorAt(token.begin, "duration or timestamp out of range");
  return negative ? -*millis : *millis;
}

}  // namespace

Result<VectorSelector> ReadVectorSelector(TokenStream& tokens, EmptyMatchers empty) {
  VectorSelector selector;
  const size_t begin = tokens.Peek().begin;
  const TokenKind first = tokens.Peek().kind;
  if (first != TokenKind::kWord && first != TokenKind::kLeftBrace) return tokens.Unexpected("");
  if (first == TokenKind::kWord) {
    LUMA_ASSIGN_OR_RETURN(Matcher name,
                          Matcher::Create(std::string(kMetricNameLabel), MatchOp::kEqual,
                                          std::string(tokens.Next().text)));
    selector.matchers.push_back(std::move(name));
    selector.named = true;
  }
  if (tokens.Accept(TokenKind::kLeftBrace)) {
    LUMA_RETURN_IF_ERROR(ReadMatchers(tokens, selector.matchers));
  }
  LUMA_RETURN_IF_ERROR(CheckSelector(tokens, begin, selector.matchers, empty));
  return selector;
}

Result<Duration> ReadRangeLength(TokenStream& tokens) {
  const size_t begin = tokens.Peek().begin;
  LUMA_ASSIGN_OR_RETURN(Duration length, ReadDurationExpr(tokens, "range or subquery selector"));
  if (length.terms.empty() && length.ms <= 0) {
    return tokens.ErrorAt(begin, "duration must be greater than 0");
  }
  return length;
}

Status ReadOffset(TokenStream& tokens, TimeShift& shift) {
  if (shift.has_offset) {
    return tokens.ErrorAt(tokens.Peek().begin, "offset may not be set multiple times");
  }
  LUMA_ASSIGN_OR_RETURN(shift.offset, ReadDurationOperand(tokens, "offset"));
  shift.has_offset = true;
  return Status::Ok();
}

Status ReadAt(TokenStream& tokens, TimeShift& shift) {
  if (shift.at.kind != AtModifier::Kind::kNone) {
    return tokens.ErrorAt(tokens.Peek().begin, "@ <timestamp> may not be set multiple times");
  }
  const bool start = IsWord(tokens.Peek(), "start");
  if (start || IsWord(tokens.Peek(), "end")) {
    tokens.Next();
    shift.at.kind = start ? AtModifier::Kind::kStart : AtModifier::Kind::kEnd;
    LUMA_RETURN_IF_ERROR(tokens.Expect(TokenKind::kLeftParen, "@", "\"(\""));
    return tokens.Expect(TokenKind::kRightParen, "@", "\")\"");
  }
  LUMA_ASSIGN_OR_RETURN(shift.at.time, ReadTimestampMillis(tokens));
  shift.at.kind = AtModifier::Kind::kTime;
  return Status::Ok();
}

}  // namespace luma::promql
