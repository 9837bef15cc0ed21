#include "sql/sql_lexer.h"

#include <algorithm>
#include <cctype>
#include <string>

namespace luma::sql {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsSpace(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool IsWordStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool IsWordPart(char c) { return IsWordStart(c) || IsDigit(c) || c == '$'; }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> Run() {
    std::vector<Token> tokens;
    for (SkipBlank(); at_ < text_.size(); SkipBlank()) {
      const size_t begin = at_;
      const TokenKind kind = Next();
      tokens.push_back({kind, begin, text_.substr(begin, at_ - begin)});
    }
    return tokens;
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  void SkipBlank() {
    for (;;) {
      if (at_ < text_.size() && IsSpace(text_[at_])) {
        ++at_;
      } else if (Peek() == '-' && Peek(1) == '-') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (Peek() == '/' && Peek(1) == '*') {
        SkipBlockComment();
      } else {
        return;
      }
    }
  }

  void SkipBlockComment() {  // they nest
    int depth = 0;
    while (at_ < text_.size()) {
      if (Peek() == '/' && Peek(1) == '*') {
        ++depth;
        at_ += 2;
      } else if (Peek() == '*' && Peek(1) == '/') {
        at_ += 2;
        if (--depth == 0) return;
      } else {
        ++at_;
      }
    }
  }

  TokenKind Next() {
    const char c = Peek();
    if (c == '\'') return Quoted('\'', /*backslash=*/false, TokenKind::kString);
    if (c == '"') return Quoted('"', /*backslash=*/false, TokenKind::kQuotedName);
    if (c == '$') return Dollar();
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) return Number();
    if (IsWordStart(c)) return Word();
    const bool pair = c == ':' && (Peek(1) == ':' || Peek(1) == '=');
    at_ += pair ? 2 : 1;
    return TokenKind::kSymbol;
  }

  TokenKind Quoted(char quote, bool backslash, TokenKind kind) {
    for (++at_; at_ < text_.size(); ++at_) {
      if (backslash && text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == quote) {
        if (Peek(1) != quote) {
          ++at_;
          return kind;
        }
        ++at_;
      }
    }
    at_ = text_.size();
    return kind;
  }

  TokenKind Dollar() {
    if (IsDigit(Peek(1))) {
      for (++at_; IsDigit(Peek()); ++at_) {
      }
      return TokenKind::kParameter;
    }
    size_t tag_end = at_ + 1;
    while (tag_end < text_.size() && IsWordPart(text_[tag_end]) && text_[tag_end] != '$') ++tag_end;
    if (tag_end >= text_.size() || text_[tag_end] != '$') {
      ++at_;
      return TokenKind::kSymbol;
    }
    const std::string_view tag = text_.substr(at_, tag_end + 1 - at_);
    const size_t close = text_.find(tag, tag_end + 1);
    at_ = close == text_.npos ? text_.size() : close + tag.size();
    return TokenKind::kString;
  }

  TokenKind Number() {
    while (IsWordPart(Peek()) || Peek() == '.') {
      const bool exponent = Lower(Peek()) == 'e' && (Peek(1) == '+' || Peek(1) == '-');
      at_ += exponent ? 2 : 1;
    }
    return TokenKind::kNumber;
  }

  TokenKind Word() {
    const char first = Lower(Peek());
    if (Peek(1) == '\'' && (first == 'e' || first == 'b' || first == 'x' || first == 'n')) {
      ++at_;
      return Quoted('\'', /*backslash=*/first == 'e', TokenKind::kString);
    }
    while (at_ < text_.size() && IsWordPart(text_[at_])) ++at_;
    return TokenKind::kWord;
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

bool Token::Is(std::string_view keyword) const {
  return kind == TokenKind::kWord &&
         std::ranges::equal(text, keyword, [](char a, char b) { return Lower(a) == b; });
}

std::string Token::Literal() const {
  if (kind != TokenKind::kString) {
    return kind == TokenKind::kQuotedName ? Name() : std::string(text);
  }
  std::string value;
  for (size_t i = text.find('\'') + 1; i + 1 < text.size(); ++i) {
    value.push_back(text[i]);
    if (text[i] == '\'') ++i;  // doubled
  }
  return value;
}

std::string Token::Name() const {
  std::string name;
  if (kind != TokenKind::kQuotedName) {
    for (const char c : text) name.push_back(Lower(c));
    return name;
  }
  for (size_t i = 1; i + 1 < text.size(); ++i) {
    name.push_back(text[i]);
    if (text[i] == '"') ++i;  // doubled
  }
  return name;
}

std::vector<Token> Tokenize(std::string_view text) { return Lexer(text).Run(); }

}  // namespace luma::sql
