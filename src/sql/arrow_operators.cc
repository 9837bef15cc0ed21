#include "sql/arrow_operators.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

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
      "select",   "end",  "where",     "and",  "or",    "not",   "on",     "by",
      "distinct", "when", "then",      "else", "case",  "from",  "having", "in",
      "between",  "like", "ilike",     "is",   "any",   "all",   "some",   "as",
      "values",   "with", "returning", "set",  "limit", "offset"};
  return token.kind == TokenKind::kWord &&
         std::ranges::any_of(kWords, [&](std::string_view word) { return token.Is(word); });
}

// Words between which and a call in front of them an operand cannot begin: f(x) OVER (...).
bool ContinuesCall(const Token& token) {
  return token.kind == TokenKind::kWord &&
         (token.Is("over") || token.Is("filter") || token.Is("group"));
}

// Whether what is before the operand belongs to it: (row).field, f(x) OVER window, x COLLATE "C".
bool BelongsToOperand(const Token& before) {
  return before.IsSymbol('.') ||
         (before.kind == TokenKind::kWord && (before.Is("over") || before.Is("collate")));
}

constexpr size_t kNone = static_cast<size_t>(-1);

// Which bracket closes which, found in one pass: a text may be of megabytes.
class Brackets {
 public:
  explicit Brackets(Tokens tokens) : opening_(tokens.size(), kNone), around_(tokens.size(), kNone) {
    std::vector<size_t> round;
    std::vector<size_t> square;
    for (size_t i = 0; i < tokens.size(); ++i) {
      if (!round.empty()) around_[i] = round.back();
      if (tokens[i].IsSymbol('(')) round.push_back(i);
      if (tokens[i].IsSymbol('[')) square.push_back(i);
      if (tokens[i].IsSymbol(')')) Close(i, round);
      if (tokens[i].IsSymbol(']')) Close(i, square);
    }
  }

  // The bracket that the one at `close` closes; kNone without one.
  size_t OpeningOf(size_t close) const { return opening_[close]; }
  // The innermost parenthesis that is open before the token; kNone without one.
  size_t Around(size_t token) const { return around_[token]; }

 private:
  void Close(size_t at, std::vector<size_t>& open) {
    if (open.empty()) return;
    opening_[at] = open.back();
    open.pop_back();
  }

  std::vector<size_t> opening_;
  std::vector<size_t> around_;
};

// The first token of a.b.c, whose last is `last`.
size_t NameBegin(Tokens tokens, size_t last) {
  size_t first = last;
  while (first >= 2 && tokens[first - 1].IsSymbol('.') && IsName(tokens[first - 2])) first -= 2;
  return first;
}

// Longer operands stay as they are.
constexpr size_t kOperandPartsMax = 100;

// The first token of the operand whose last one is `last`.
std::optional<size_t> OperandBegin(Tokens tokens, const Brackets& brackets, size_t last) {
  for (size_t part = 0; part < kOperandPartsMax; ++part) {
    const Token& token = tokens[last];
    size_t first = last;
    if (token.IsSymbol(')') || token.IsSymbol(']')) {
      first = brackets.OpeningOf(last);
      if (first == kNone) return std::nullopt;
      const bool has_owner = first > 0 &&
                             (IsName(tokens[first - 1]) || tokens[first - 1].IsSymbol(']')) &&
                             !EndsBeforeOperand(tokens[first - 1]);
      if (has_owner) {
        last = first - 1;
        if (ContinuesCall(tokens[last])) return std::nullopt;
        continue;
      }
      if (token.IsSymbol(']')) return std::nullopt;  // ARRAY[...] or a list
    } else if (IsName(token) && !EndsBeforeOperand(token)) {
      first = NameBegin(tokens, last);
    } else if (token.kind == TokenKind::kString) {
      // Behind a word it is a literal of that type.
      const bool has_type =
          first > 0 && IsName(tokens[first - 1]) && !EndsBeforeOperand(tokens[first - 1]);
      if (has_type) return std::nullopt;
    } else if (token.kind != TokenKind::kParameter) {
      return std::nullopt;
    }
    if (first > 0 && BelongsToOperand(tokens[first - 1])) return std::nullopt;
    if (first < 2 || tokens[first - 1].text != "::") return first;
    last = first - 2;
  }
  return std::nullopt;
}

// f(x -> ...) and f(l, (x, y) -> ...): what is left of the arrow may be the parameters of a lambda.
bool MayBeLambda(Tokens tokens, const Brackets& brackets, size_t first, size_t arrow) {
  const size_t call = brackets.Around(first);
  if (call == kNone || call == 0 || first == 0) return false;
  const Token& owner = tokens[call - 1];
  const Token& before = tokens[first - 1];
  const bool is_argument = before.IsSymbol('(') || before.IsSymbol(',');
  const bool is_bare = first + 1 == arrow || tokens[arrow - 1].IsSymbol(')');
  return IsName(owner) && !EndsBeforeOperand(owner) && is_argument && is_bare;
}

// A cast or a subscript behind it is part of the key, in PostgreSQL and here.
bool IsKey(Tokens tokens, size_t at) {
  const TokenKind kind = tokens[at].kind;
  if (kind != TokenKind::kString && kind != TokenKind::kNumber && kind != TokenKind::kParameter) {
    return false;
  }
  if (at + 1 == tokens.size()) return true;
  return tokens[at + 1].text != "::" && !tokens[at + 1].IsSymbol('[');
}

// More of them in one statement stay as they are.
constexpr size_t kOperandsMax = 2000;

}  // namespace

void RewriteArrows(std::string_view text, Tokens tokens, TextEdits& edits) {
  std::optional<Brackets> brackets;
  size_t operands = 0;
  for (size_t i = 1; i < tokens.size() && operands < kOperandsMax; ++i) {
    size_t key = ArrowEnd(text, tokens, i);
    if (key == i || !IsKey(tokens, key)) continue;
    if (!brackets) brackets.emplace(tokens);
    const std::optional<size_t> first = OperandBegin(tokens, *brackets, i - 1);
    if (!first) continue;
    if (key == i + 2 && MayBeLambda(tokens, *brackets, *first, i)) continue;
    ++operands;
    std::string opening;
    for (;;) {
      opening += '(';
      edits.Insert(tokens[key].end(), ")");
      const size_t next = key + 1 < tokens.size() ? ArrowEnd(text, tokens, key + 1) : key + 1;
      if (next == key + 1 || !IsKey(tokens, next)) break;
      key = next;
    }
    edits.Insert(tokens[*first].offset, opening);
    i = key;
  }
}

}  // namespace luma::sql
