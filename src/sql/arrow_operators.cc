#include "sql/arrow_operators.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>

namespace luma::sql {
namespace {

using Tokens = std::span<const Token>;

// One past the arrow that starts at `at`; `at` when there is none.
size_t ArrowEnd(std::string_view text, Tokens tokens, size_t at) {
  for (const size_t symbols : {size_t{3}, size_t{2}}) {
    const std::string_view arrow = symbols == 3 ? "->>" : "->";
    if (at + symbols >= tokens.size()) continue;
    const size_t offset = tokens[at].offset;
    if (text.substr(offset, arrow.size()) == arrow &&
        tokens[at + symbols - 1].end() == offset + arrow.size()) {
      return at + symbols;
    }
  }
  return at;
}

bool IsName(const Token& token) {
  return token.kind == TokenKind::kWord || token.kind == TokenKind::kQuotedName;
}

// Words after which a parenthesis is none of a call.
bool EndsBeforeOperand(const Token& token) {
  constexpr std::string_view kWords[] = {
      "select", "where", "and",  "or",     "not",  "on",        "by",   "distinct", "when",  "then",
      "else",   "case",  "from", "having", "in",   "between",   "like", "ilike",    "is",    "any",
      "all",    "some",  "as",   "values", "with", "returning", "set",  "limit",    "offset"};
  return token.kind == TokenKind::kWord &&
         std::ranges::any_of(kWords, [&](std::string_view word) { return token.Is(word); });
}

// The bracket that the one at `close` closes.
std::optional<size_t> OpeningOf(Tokens tokens, size_t close) {
  const char end = tokens[close].text[0];
  const char begin = end == ')' ? '(' : '[';
  int depth = 0;
  for (size_t i = close + 1; i-- > 0;) {
    if (tokens[i].IsSymbol(end)) ++depth;
    if (tokens[i].IsSymbol(begin) && --depth == 0) return i;
  }
  return std::nullopt;
}

// The first token of a.b.c, whose last is `last`.
size_t NameBegin(Tokens tokens, size_t last) {
  size_t first = last;
  while (first >= 2 && tokens[first - 1].IsSymbol('.') && IsName(tokens[first - 2])) first -= 2;
  return first;
}

// The first token of the operand whose last one is `last`.
std::optional<size_t> OperandBegin(Tokens tokens, size_t last) {
  const Token& token = tokens[last];
  std::optional<size_t> first;
  if (token.IsSymbol(')') || token.IsSymbol(']')) {
    first = OpeningOf(tokens, last);
    if (!first) return std::nullopt;
    const bool has_owner = *first > 0 &&
                           (IsName(tokens[*first - 1]) || tokens[*first - 1].IsSymbol(']')) &&
                           !EndsBeforeOperand(tokens[*first - 1]);
    if (has_owner) return OperandBegin(tokens, *first - 1);
    if (token.IsSymbol(']')) return std::nullopt;  // ARRAY[...] or a list
  } else if (IsName(token) && !EndsBeforeOperand(token)) {
    first = NameBegin(tokens, last);
  } else if (token.kind == TokenKind::kString || token.kind == TokenKind::kParameter) {
    first = last;
  }
  if (first && *first >= 2 && tokens[*first - 1].text == "::") {
    return OperandBegin(tokens, *first - 2);
  }
  return first;
}

bool IsKey(const Token& token) {
  return token.kind == TokenKind::kString || token.kind == TokenKind::kNumber ||
         token.kind == TokenKind::kParameter;
}

}  // namespace

void RewriteArrows(std::string_view text, Tokens tokens, TextEdits& edits) {
  for (size_t i = 1; i < tokens.size(); ++i) {
    size_t key = ArrowEnd(text, tokens, i);
    if (key == i || !IsKey(tokens[key])) continue;
    const std::optional<size_t> first = OperandBegin(tokens, i - 1);
    if (!first) continue;
    std::string opening;
    for (;;) {
      opening += '(';
      edits.Insert(tokens[key].end(), ")");
      const size_t next = key + 1 < tokens.size() ? ArrowEnd(text, tokens, key + 1) : key + 1;
      if (next == key + 1 || !IsKey(tokens[next])) break;
      key = next;
    }
    edits.Insert(tokens[*first].offset, opening);
    i = key;
  }
}

}  // namespace luma::sql
