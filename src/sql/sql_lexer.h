// Splits SQL text into tokens, as PostgreSQL's lexer does: enough to find statement ends, keywords
// and parameters without being fooled by strings, quoted names, dollar quotes or comments.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace luma::sql {

enum class TokenKind : uint8_t {
  kWord,        // keyword or plain identifier
  kQuotedName,  // "name"
  kString,      // 'text', E'text', $tag$text$tag$, and other prefixes (B, X, U&)
  kNumber,
  kParameter,  // $1
  kSymbol,     // one punctuation character, or "::", or ":="
};

struct Token {
  TokenKind kind;
  size_t offset;  // in the text
  std::string_view text;

  size_t end() const { return offset + text.size(); }
  bool IsSymbol(char symbol) const {
    return kind == TokenKind::kSymbol && text.size() == 1 && text[0] == symbol;
  }
  // `keyword` in lower case; compares plain words without regard to case.
  bool Is(std::string_view keyword) const;
  // The name a word or quoted name stands for: folded to lower case, or unquoted.
  std::string Name() const;
  // The value a token stands for in a setting: a string without its quotes, a name, other text.
  std::string Literal() const;
};

// Never fails: an unterminated string or comment extends to the end of the text. Tokens point into
// `text`. Comments and white space are left out.
std::vector<Token> Tokenize(std::string_view text);

}  // namespace luma::sql
