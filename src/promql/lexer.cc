#include "promql/lexer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "promql/string_literal.h"

namespace luma::promql {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAlpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsWordPart(char c) { return IsAlpha(c) || IsDigit(c) || c == ':'; }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool EqualsLower(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && std::equal(text.begin(), text.end(), lower.begin(),
                                                   [](char a, char b) { return (a | 0x20) == b; });
}

std::optional<double> ParseHex(std::string_view digits) {
  uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return static_cast<double>(value);
}

std::optional<double> ParseNumber(std::string_view text) {
  std::string digits(text);
  std::erase(digits, '_');
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    return ParseHex(std::string_view(digits).substr(2));
  }
  double value = 0;
  const char* const last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, value);
  if (end != last) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::strtod(digits.c_str(), nullptr);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

struct Unit {
  std::string_view text;
  int64_t millis;
};
constexpr Unit kUnits[] = {{"y", 365ll * 86'400'000},
                           {"w", 7ll * 86'400'000},
                           {"d", 86'400'000},
                           {"h", 3'600'000},
                           {"m", 60'000},
                           {"s", 1'000},
                           {"ms", 1}};

class Lexer {
 public:
  explicit Lexer(std::string_view query) : query_(query) {}

  Result<std::vector<Token>> Run() {
    while (true) {
      SkipSpaceAndComments();
      Token token;
      token.begin = at_;
      LUMA_RETURN_IF_ERROR(Lex(token));
      token.end = at_;
      token.text = query_.substr(token.begin, at_ - token.begin);
      tokens_.push_back(std::move(token));
      if (tokens_.back().kind == TokenKind::kEnd) return std::move(tokens_);
    }
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < query_.size() ? query_[at_ + ahead] : '\0';
  }
  bool Accept(char c) {
    if (at_ >= query_.size() || query_[at_] != c) return false;
    ++at_;
    return true;
  }

  void SkipSpaceAndComments() {
    while (at_ < query_.size() && (IsSpace(query_[at_]) || query_[at_] == '#')) {
      at_ = query_[at_] == '#' ? std::min(query_.find('\n', at_), query_.size()) : at_ + 1;
    }
  }

  Status Lex(Token& token) {
    if (at_ >= query_.size()) return Status::Ok();
    const char c = Peek();
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) return LexNumber(token);
    if (c == '"' || c == '\'' || c == '`') return LexString(token);
    if (IsAlpha(c) || (c == ':' && bracket_depth_ == 0)) return LexWord(token);
    return LexSymbol(token);
  }

  Status LexWord(Token& token) {
    const size_t begin = at_;
    while (at_ < query_.size() && IsWordPart(query_[at_])) ++at_;
    const std::string_view word = query_.substr(begin, at_ - begin);
    token.kind = TokenKind::kWord;
    const bool is_inf = EqualsLower(word, "inf");
    if (brace_depth_ == 0 && (is_inf || EqualsLower(word, "nan"))) {
      token.kind = TokenKind::kNumber;
      token.number = is_inf ? std::numeric_limits<double>::infinity()
                            : std::numeric_limits<double>::quiet_NaN();
    }
    return Status::Ok();
  }

  // A number or a duration: everything up to the first character that can be in neither.
  Status LexNumber(Token& token) {
    const size_t begin = at_;
    const bool hex = Peek() == '0' && (Peek(1) | 0x20) == 'x';
    while (at_ < query_.size()) {
      const char c = query_[at_];
      const bool exponent_sign = (c == '+' || c == '-') && !hex && (query_[at_ - 1] | 0x20) == 'e';
      if (!IsAlpha(c) && !IsDigit(c) && c != '.' && !(at_ > begin && exponent_sign)) break;
      ++at_;
    }
    const std::string_view text = query_.substr(begin, at_ - begin);
    token.kind = TokenKind::kNumber;
    if (const std::optional<int64_t> millis = ParseDurationMillis(text)) {
      token.number = static_cast<double>(*millis) / 1000;
      token.is_duration = true;
      return Status::Ok();
    }
    const std::optional<double> number = ParseNumber(text);
    if (!number) {
      return ParseError(query_, begin,
                        "bad number or duration syntax: \"" + std::string(text) + "\"");
    }
    token.number = *number;
    return Status::Ok();
  }

  Status LexString(Token& token) {
    const size_t begin = at_;
    std::string_view error;
    token.kind = TokenKind::kString;
    const size_t length = ReadStringLiteral(query_.substr(at_), token.string, error);
    if (length == 0) return ParseError(query_, begin, error);
    at_ += length;
    return Status::Ok();
  }

  Status LexSymbol(Token& token) {
    const size_t begin = at_;
    token.kind = SymbolKind(query_[at_++]);
    if (token.kind == TokenKind::kEnd) {
      at_ = begin;
      return ParseError(query_, begin, "unexpected character: '" + CharacterAt(begin) + "'");
    }
    if (token.kind == TokenKind::kLeftBracket) ++bracket_depth_;
    if (token.kind == TokenKind::kRightBracket && bracket_depth_ > 0) --bracket_depth_;
    if (token.kind == TokenKind::kLeftBrace) ++brace_depth_;
    if (token.kind == TokenKind::kRightBrace && brace_depth_ > 0) --brace_depth_;
    return Status::Ok();
  }

  // kEnd for a character that starts no token.
  TokenKind SymbolKind(char c) {
    switch (c) {
      case '(':
        return TokenKind::kLeftParen;
      case ')':
        return TokenKind::kRightParen;
      case '{':
        return TokenKind::kLeftBrace;
      case '}':
        return TokenKind::kRightBrace;
      case '[':
        return TokenKind::kLeftBracket;
      case ']':
        return TokenKind::kRightBracket;
      case ',':
        return TokenKind::kComma;
      case ':':
        return TokenKind::kColon;
      case '@':
        return TokenKind::kAt;
      case '+':
        return TokenKind::kAdd;
      case '-':
        return TokenKind::kSubtract;
      case '*':
        return TokenKind::kMultiply;
      case '/':
        return TokenKind::kDivide;
      case '%':
        return TokenKind::kModulo;
      case '^':
        return TokenKind::kPower;
      case '<':
        if (Accept('/')) return TokenKind::kTrimUpper;
        return Accept('=') ? TokenKind::kLessEqual : TokenKind::kLess;
      case '>':
        if (Accept('/')) return TokenKind::kTrimLower;
        return Accept('=') ? TokenKind::kGreaterEqual : TokenKind::kGreater;
      case '=':
        if (Accept('=')) return TokenKind::kEqual;
        return Accept('~') ? TokenKind::kMatch : TokenKind::kAssign;
      case '!':
        if (Accept('=')) return TokenKind::kNotEqual;
        return Accept('~') ? TokenKind::kNotMatch : TokenKind::kEnd;
      default:
        return TokenKind::kEnd;
    }
  }

  // The whole UTF-8 character, so that an error message stays valid UTF-8.
  std::string CharacterAt(size_t offset) const {
    size_t end = offset + 1;
    while (end < query_.size() && (static_cast<unsigned char>(query_[end]) & 0xc0) == 0x80) ++end;
    return std::string(query_.substr(offset, end - offset));
  }

  const std::string_view query_;
  size_t at_ = 0;
  size_t bracket_depth_ = 0;
  size_t brace_depth_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

Status ParseError(std::string_view query, size_t offset, std::string_view message) {
  const std::string_view before = query.substr(0, std::min(offset, query.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t line_start =
      before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return Status::SyntaxError(line, ":", before.size() - line_start + 1, ": parse error: ", message);
}

Result<std::vector<Token>> Tokenize(std::string_view query) { return Lexer(query).Run(); }

std::optional<int64_t> ParseDurationMillis(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int64_t total = 0;
  size_t next_unit = 0;
  while (!text.empty()) {
    int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || !IsDigit(text[0])) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    const size_t unit_length =
        static_cast<size_t>(std::find_if_not(text.begin(), text.end(), IsAlpha) - text.begin());
    const auto* const unit = std::find_if(
        std::begin(kUnits) + next_unit, std::end(kUnits),
        [&](const Unit& candidate) { return candidate.text == text.substr(0, unit_length); });
    int64_t millis = 0;
    if (unit == std::end(kUnits) || __builtin_mul_overflow(count, unit->millis, &millis) ||
        __builtin_add_overflow(total, millis, &total)) {
      return std::nullopt;
    }
    next_unit = static_cast<size_t>(unit - std::begin(kUnits)) + 1;
    text.remove_prefix(unit_length);
  }
  return total;
}

std::string Describe(const Token& token) {
  const std::string text(token.text);
  switch (token.kind) {
    case TokenKind::kEnd:
      return "end of input";
    case TokenKind::kWord:
      return "identifier \"" + text + "\"";
    case TokenKind::kNumber:
      return (token.is_duration ? "duration \"" : "number \"") + text + "\"";
    case TokenKind::kString:
      return "string " + text;
    default:
      return "\"" + text + "\"";
  }
}

}  // namespace luma::promql
