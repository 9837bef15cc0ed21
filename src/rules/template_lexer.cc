#include "rules/internal/template_lexer.h"

#include <charconv>
#include <utility>

#include "promql/string_literal.h"

namespace luma::rules {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || IsDigit(c) ||
         static_cast<unsigned char>(c) >= 0x80;
}

class ActionLexer {
 public:
  explicit ActionLexer(std::string_view text) : text_(text) {}

  Result<std::vector<TemplateToken>> Run() {
    while (tokens_.empty() || tokens_.back().kind != TemplateTokenKind::kEnd) {
      const bool space = SkipSpace();
      if (AtEnd(space)) {
        Add(TemplateTokenKind::kEnd, "");
        break;
      }
      LUMA_RETURN_IF_ERROR(ReadToken());
      tokens_.back().after_space = space;
    }
    return std::move(tokens_);
  }
  std::string_view rest() const { return text_.substr(at_); }
  bool trims() const { return trims_; }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool SkipSpace() {
    const size_t begin = at_;
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
    return at_ > begin;
  }
  // Takes "}}", or "-}}" after a space.
  bool AtEnd(bool after_space) {
    const std::string_view left = text_.substr(at_);
    trims_ = after_space && left.starts_with("-}}");
    if (!trims_ && !left.starts_with("}}")) return false;
    at_ += trims_ ? 3 : 2;
    return true;
  }
  void Add(TemplateTokenKind kind, std::string_view text) {
    tokens_.push_back({.kind = kind, .text = std::string(text)});
  }
  void AddSymbol(TemplateTokenKind kind, size_t bytes) {
    Add(kind, text_.substr(at_, bytes));
    at_ += bytes;
  }
  std::string_view TakeWord() {
    const size_t begin = at_;
    while (at_ < text_.size() && IsWordByte(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  Status ReadToken() {
    const char c = Peek();
    switch (c) {
      case '\0':
        return Status::InvalidArgument("unclosed action");
      case '|':
        AddSymbol(TemplateTokenKind::kPipe, 1);
        return Status::Ok();
      case '(':
        AddSymbol(TemplateTokenKind::kLeftParen, 1);
        return Status::Ok();
      case ')':
        AddSymbol(TemplateTokenKind::kRightParen, 1);
        return Status::Ok();
      case ',':
        AddSymbol(TemplateTokenKind::kComma, 1);
        return Status::Ok();
      case '=':
        AddSymbol(TemplateTokenKind::kAssign, 1);
        return Status::Ok();
      case ':':
        if (Peek(1) != '=') return Status::InvalidArgument("expected :=");
        AddSymbol(TemplateTokenKind::kDeclare, 2);
        return Status::Ok();
      case '"':
      case '`':
        return ReadString();
      case '$': {
        ++at_;
        const std::string_view name = TakeWord();
        Add(TemplateTokenKind::kVariable, "$" + std::string(name));
        return Status::Ok();
      }
      default:
        return ReadWordOrNumber(c);
    }
  }

  Status ReadWordOrNumber(char c) {
    const bool sign = c == '-' || c == '+';
    if (IsDigit(c) || (sign && (IsDigit(Peek(1)) || Peek(1) == '.')) ||
        (c == '.' && IsDigit(Peek(1)))) {
      return ReadNumber();
    }
    if (c == '.') {
      ++at_;
      const std::string_view name = TakeWord();
      Add(name.empty() ? TemplateTokenKind::kDot : TemplateTokenKind::kField, name);
      return Status::Ok();
    }
    if (!IsWordByte(c)) {
      return Status::InvalidArgument("unexpected ", text_.substr(at_, 1), " in operand");
    }
    Add(TemplateTokenKind::kWord, TakeWord());
    return Status::Ok();
  }

  Status ReadString() {
    std::string value;
    std::string_view error;
    const size_t bytes = promql::ReadStringLiteral(text_.substr(at_), value, error);
    if (bytes == 0) return Status::InvalidArgument("unterminated quoted string: ", error);
    Add(TemplateTokenKind::kLiteral, text_.substr(at_, bytes));
    tokens_.back().literal = TemplateValue(std::move(value));
    at_ += bytes;
    return Status::Ok();
  }

  // As in Go, a number with a point or an exponent is a float64, any other an int.
  Status ReadNumber() {
    const size_t begin = at_++;
    while (IsWordByte(Peek()) || Peek() == '.' ||
           ((Peek() == '-' || Peek() == '+') && (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E'))) {
      ++at_;
    }
    const std::string_view text = text_.substr(begin, at_ - begin);
    std::string_view digits = text;
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const char* const end = digits.data() + digits.size();
    int64_t integer = 0;
    double number = 0;
    Add(TemplateTokenKind::kLiteral, text);
    if (const auto [stop, error] = std::from_chars(digits.data(), end, integer);
        error == std::errc() && stop == end) {
      tokens_.back().literal = TemplateValue(integer);
    } else if (const auto [last, bad] = std::from_chars(digits.data(), end, number);
               bad == std::errc() && last == end) {
      tokens_.back().literal = TemplateValue(number);
    } else {
      return Status::InvalidArgument("bad number syntax: ", text);
    }
    return Status::Ok();
  }

  std::string_view text_;
  size_t at_ = 0;
  bool trims_ = false;
  std::vector<TemplateToken> tokens_;
};

}  // namespace

Result<std::vector<TemplateToken>> TokenizeAction(std::string_view text, std::string_view& rest,
                                                  bool& trims) {
  ActionLexer lexer(text);
  LUMA_ASSIGN_OR_RETURN(std::vector<TemplateToken> tokens, lexer.Run());
  rest = lexer.rest();
  trims = lexer.trims();
  return tokens;
}

}  // namespace luma::rules
