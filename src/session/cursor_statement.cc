#include "session/cursor_statement.h"

#include <charconv>
#include <span>
#include <vector>

#include "sql/sql_lexer.h"
#include "sql/statement_splitter.h"

namespace luma::session {
namespace {

using sql::Token;
using sql::TokenKind;
using Action = CursorStatement::Action;

Status SyntaxErrorAt(std::string_view text, size_t offset, std::string_view word) {
  if (word.empty()) return Status::SyntaxError("syntax error at end of input");
  return Status::SyntaxError("syntax error at or near \"", word, "\"")
      .WithSqlPosition(sql::CharacterPosition(text, offset));
}

Status NotForward() {
  return Status::InvalidArgument("cursor can only scan forward")
      .WithSqlState("55000")
      .WithHint("Only forward cursors are supported.");
}

// Walks over the tokens of one statement.
class Words {
 public:
  explicit Words(std::string_view text) : text_(text), tokens_(sql::Tokenize(text)) {}

  bool AtEnd() const { return at_ == tokens_.size(); }
  bool Take(std::string_view keyword) {
    if (AtEnd() || !tokens_[at_].Is(keyword)) return false;
    ++at_;
    return true;
  }
  bool TakeSymbol(char symbol) {
    if (AtEnd() || !tokens_[at_].IsSymbol(symbol)) return false;
    ++at_;
    return true;
  }
  std::optional<std::string> TakeName() {
    if (AtEnd()) return std::nullopt;
    const TokenKind kind = tokens_[at_].kind;
    if (kind != TokenKind::kWord && kind != TokenKind::kQuotedName) return std::nullopt;
    return tokens_[at_++].Name();
  }
  std::optional<uint64_t> TakeNumber() {
    if (AtEnd() || tokens_[at_].kind != TokenKind::kNumber) return std::nullopt;
    const std::string_view digits = tokens_[at_].text;
    uint64_t number = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return std::nullopt;
    ++at_;
    return number;
  }
  size_t offset() const { return AtEnd() ? text_.size() : tokens_[at_].offset; }
  Status Error() const {
    return SyntaxErrorAt(text_, offset(), AtEnd() ? std::string_view() : tokens_[at_].text);
  }

 private:
  std::string_view text_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
};

using Parsed = Result<std::optional<CursorStatement>>;

// DECLARE name [BINARY] [INSENSITIVE | ASENSITIVE] [[NO] SCROLL] CURSOR [{WITH | WITHOUT} HOLD] FOR
// query
Parsed ParseDeclare(Words& words) {
  CursorStatement statement;
  statement.action = Action::kDeclare;
  const std::optional<std::string> name = words.TakeName();
  if (!name.has_value()) return words.Error();
  statement.name = *name;
  bool scroll = false;
  while (!words.Take("cursor")) {
    const bool no = words.Take("no");
    if (words.Take("scroll")) {
      scroll = !no;
    } else if (no || (!words.Take("insensitive") && !words.Take("asensitive"))) {
      return words.Error();
    }
  }
  if (scroll) {
    return Status::Unsupported("scrollable cursors are not supported")
        .WithHint("Declare the cursor without SCROLL; it scans forward.");
  }
  statement.with_hold = words.Take("with");
  if ((statement.with_hold || words.Take("without")) && !words.Take("hold")) return words.Error();
  if (!words.Take("for") || words.AtEnd()) return words.Error();
  statement.query_offset = words.offset();
  return std::optional(statement);
}

// [NEXT | ALL | FORWARD [count | ALL] | count] [FROM | IN] name
Parsed ParseFetch(Action action, Words& words) {
  CursorStatement statement;
  statement.action = action;
  for (const std::string_view other :
       {"prior", "first", "last", "absolute", "relative", "backward"}) {
    if (words.Take(other)) return NotForward();
  }
  if (words.TakeSymbol('-')) return NotForward();
  const bool counted = !words.Take("next");
  if (counted) words.Take("forward");
  if (counted && words.Take("all")) {
    statement.rows = UINT64_MAX;
  } else if (counted) {
    statement.rows = words.TakeNumber().value_or(1);
  }
  if (!words.Take("from")) words.Take("in");
  const std::optional<std::string> name = words.TakeName();
  if (!name.has_value() || !words.AtEnd()) return words.Error();
  statement.name = *name;
  return std::optional(statement);
}

Parsed ParseClose(Words& words) {
  CursorStatement statement;
  statement.action = Action::kClose;
  if (words.Take("all") && words.AtEnd()) return std::optional(statement);
  const std::optional<std::string> name = words.TakeName();
  if (!name.has_value() || !words.AtEnd()) return words.Error();
  statement.name = *name;
  return std::optional(statement);
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool StartsWithWord(std::string_view text, std::string_view word) {
  if (text.size() < word.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    if (Lower(text[i]) != word[i]) return false;
  }
  return true;
}

}  // namespace

bool MayHoldCursorStatement(std::string_view text) {
  for (size_t at = text.find_first_of("dDfFmMcC"); at != std::string_view::npos;
       at = text.find_first_of("dDfFmMcC", at + 1)) {
    for (const std::string_view word : {"declare", "fetch", "move", "close"}) {
      if (StartsWithWord(text.substr(at), word)) return true;
    }
  }
  return false;
}

Result<std::optional<CursorStatement>> ParseCursorStatement(std::string_view text) {
  if (!MayHoldCursorStatement(text)) return std::optional<CursorStatement>();
  Words words(text);
  if (words.Take("declare")) return ParseDeclare(words);
  if (words.Take("fetch")) return ParseFetch(Action::kFetch, words);
  if (words.Take("move")) return ParseFetch(Action::kMove, words);
  if (words.Take("close")) return ParseClose(words);
  return std::optional<CursorStatement>();
}

}  // namespace luma::session
