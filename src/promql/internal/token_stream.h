// The tokens of one query, read front to back with one token of lookahead.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "promql/lexer.h"

namespace luma::promql {

// Case-insensitive comparison with a keyword, which must be lower case.
bool IsWord(const Token& token, std::string_view keyword);

// Thread-compatible. Errors are kSyntaxError at a token.
class TokenStream {
 public:
  TokenStream(std::string_view query, std::vector<Token> tokens)
      : query_(query), tokens_(std::move(tokens)) {}

  const Token& Peek(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  const Token& Next() {  // stays on the end token
    const Token& token = Peek();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  bool Accept(TokenKind kind) {
    if (Peek().kind != kind) return false;
    Next();
    return true;
  }
  bool AcceptWord(std::string_view keyword) {
    if (!IsWord(Peek(), keyword)) return false;
    Next();
    return true;
  }
  // `context` and `expected` complete "unexpected X in <context>, expected <expected>".
  Status Expect(TokenKind kind, std::string_view context, std::string_view expected) {
    return Accept(kind) ? Status::Ok() : Unexpected(context, expected);
  }
  Status Unexpected(std::string_view context, std::string_view expected = "") const {
    std::string message = "unexpected " + Describe(Peek());
    if (!context.empty()) message.append(" in ").append(context);
    if (!expected.empty()) message.append(", expected ").append(expected);
    return ErrorAt(Peek().begin, message);
  }
  Status ErrorAt(size_t offset, std::string_view message) const {
    return ParseError(query_, offset, message);
  }
  // Where the last token taken ends.
  size_t last_end() const { return at_ == 0 ? 0 : tokens_[at_ - 1].end; }

 private:
  const std::string_view query_;
  const std::vector<Token> tokens_;
  size_t at_ = 0;
};

}  // namespace luma::promql
