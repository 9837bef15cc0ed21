#include "sql/postgres_rewrite.h"

#include <algorithm>
#include <optional>
#include <span>

#include "sql/arrow_operators.h"
#include "sql/sql_lexer.h"

namespace luma::sql {
namespace {

using Tokens = std::span<const Token>;

std::string QuoteName(const std::string& name) {
  std::string quoted = "\"";
  for (const char c : name) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

std::string QuoteText(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted.append(c == '\'' ? 2 : 1, c);
  return quoted + "'";
}

bool IsHexDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

std::optional<std::string> SerialType(const Token& token) {
  if (token.Is("serial") || token.Is("serial4")) return "INTEGER";
  if (token.Is("bigserial") || token.Is("serial8")) return "BIGINT";
  if (token.Is("smallserial") || token.Is("serial2")) return "SMALLINT";
  return std::nullopt;
}

bool IsName(const Token& token) {
  return token.kind == TokenKind::kWord || token.kind == TokenKind::kQuotedName;
}

// CREATE TABLE and ALTER TABLE ... ADD COLUMN: one sequence for each serial or identity column.
class SerialRewriter {
 public:
  SerialRewriter(Tokens tokens, RewrittenStatement& out) : tokens_(tokens), out_(out) {}

  void Run() {
    size_t at = 1;
    while (at < tokens_.size() && !tokens_[at].Is("table")) ++at;
    at = SkipPhrase(at + 1, {"if", "not", "exists"});
    at = SkipPhrase(at, {"if", "exists"});
    at = SkipPhrase(at, {"only"});
    at = ReadTableName(at);
    for (; at < tokens_.size(); ++at) {
      if (!IsColumnStart(at)) continue;
      if (SerialType(tokens_[at + 1])) {
        RewriteSerial(at);
      } else {
        RewriteIdentity(at);
      }
    }
  }

 private:
  size_t SkipPhrase(size_t at, std::initializer_list<std::string_view> words) const {
    size_t end = at;
    for (const std::string_view word : words) {
      if (end >= tokens_.size() || !tokens_[end].Is(word)) return at;
      ++end;
    }
    return end;
  }

  size_t ReadTableName(size_t at) {
    while (at < tokens_.size() && IsName(tokens_[at])) {
      table_ = tokens_[at].Name();
      const bool qualified = at + 1 < tokens_.size() && tokens_[at + 1].IsSymbol('.');
      if (!qualified) return at + 1;
      schema_ += QuoteName(table_) + ".";
      at += 2;
    }
    return at;
  }

  // A column definition starts after "(", "," or ADD [COLUMN].
  bool IsColumnStart(size_t at) const {
    if (at + 1 >= tokens_.size() || !IsName(tokens_[at])) return false;
    const Token& previous = tokens_[at - 1];
    return previous.IsSymbol('(') || previous.IsSymbol(',') || previous.Is("column") ||
           (previous.Is("add") && !tokens_[at].Is("column"));
  }

  std::string DefaultClause(const std::string& column) {
    const std::string sequence = schema_ + QuoteName(table_ + "_" + column + "_seq");
    out_.before.push_back("CREATE SEQUENCE IF NOT EXISTS " + sequence);
    out_.after.push_back("ALTER SEQUENCE " + sequence + " OWNED BY " + schema_ + QuoteName(table_));
    return "NOT NULL DEFAULT nextval(" + QuoteText(sequence) + ")";
  }

  void RewriteSerial(size_t at) {
    const Token& type = tokens_[at + 1];
    out_.edits.Replace(type.offset, type.text.size(),
                       *SerialType(type) + " " + DefaultClause(tokens_[at].Name()));
  }

  // The GENERATED ... AS IDENTITY [( options )] of the column that starts at `at`.
  void RewriteIdentity(size_t at) {
    int depth = 0;
    for (size_t i = at + 1; i < tokens_.size(); ++i) {
      if (tokens_[i].IsSymbol('(')) ++depth;
      if (tokens_[i].IsSymbol(')') && --depth < 0) return;
      if (tokens_[i].IsSymbol(',') && depth == 0) return;
      if (!tokens_[i].Is("generated")) continue;
      const size_t end = IdentityEnd(i);
      if (end == 0) return;
      const size_t begin_offset = tokens_[i].offset;
      out_.edits.Replace(begin_offset, tokens_[end - 1].end() - begin_offset,
                         DefaultClause(tokens_[at].Name()));
      return;
    }
  }

  // One past the last token of the identity clause; 0 when it is a generated column instead.
  size_t IdentityEnd(size_t generated) const {
    size_t at = SkipPhrase(generated + 1, {"always"});
    at = SkipPhrase(at, {"by", "default"});
    const size_t identity = SkipPhrase(at, {"as", "identity"});
    if (identity == at) return 0;
    if (identity >= tokens_.size() || !tokens_[identity].IsSymbol('(')) return identity;
    size_t end = identity;
    while (end < tokens_.size() && !tokens_[end].IsSymbol(')')) ++end;
    return std::min(end + 1, tokens_.size());
  }

  Tokens tokens_;
  RewrittenStatement& out_;
  std::string schema_;  // quoted, with its dot
  std::string table_;
};

void RemoveWord(Tokens tokens, std::string_view word, TextEdits& edits) {
  for (const Token& token : tokens) {
    if (token.Is(word)) return edits.Replace(token.offset, token.text.size(), "");
  }
}

// PREPARE q(int, text) AS
void RemovePrepareTypes(Tokens tokens, TextEdits& edits) {
  if (tokens.size() < 3 || !tokens[2].IsSymbol('(')) return;
  for (size_t i = 2; i < tokens.size(); ++i) {
    if (!tokens[i].IsSymbol(')')) continue;
    return edits.Replace(tokens[2].offset, tokens[i].end() - tokens[2].offset, "");
  }
}

// The text of a list's elements, which commas outside of parentheses separate.
std::vector<std::string> ListElements(std::string_view text, Tokens tokens) {
  std::vector<std::string> elements;
  size_t begin = 0;
  int depth = 0;
  for (size_t i = 0; i <= tokens.size(); ++i) {
    if (i < tokens.size() && tokens[i].IsSymbol('(')) ++depth;
    if (i < tokens.size() && tokens[i].IsSymbol(')')) --depth;
    if (i < tokens.size() && (depth > 0 || !tokens[i].IsSymbol(','))) continue;
    if (i == begin) return {};  // an empty element: DuckDB words the error
    const size_t offset = tokens[begin].offset;
    elements.emplace_back(text.substr(offset, tokens[i - 1].end() - offset));
    begin = i + 1;
  }
  return elements;
}

// "<head> a, b <tail>" becomes one statement for each element.
void SplitList(std::string_view text, Tokens tokens, size_t list_begin, size_t list_end,
               const std::string& tail, RewrittenStatement& out) {
  if (list_begin >= list_end) return;
  const std::string head(text.substr(0, tokens[list_begin].offset));
  const auto elements = ListElements(text, tokens.subspan(list_begin, list_end - list_begin));
  if (elements.size() < 2) return;
  for (size_t i = 0; i + 1 < elements.size(); ++i) out.before.push_back(head + elements[i] + tail);
  const size_t offset = tokens[list_begin].offset;
  out.edits.Replace(offset, tokens[list_end - 1].end() - offset, elements.back());
}

void RewriteTruncate(std::string_view text, Tokens tokens, RewrittenStatement& out) {
  const size_t begin = tokens.size() > 1 && tokens[1].Is("table") ? 2 : 1;
  size_t end = begin;
  while (end < tokens.size() && !tokens[end].Is("restart") && !tokens[end].Is("continue") &&
         !tokens[end].Is("cascade") && !tokens[end].Is("restrict")) {
    ++end;
  }
  SplitList(text, tokens, begin, end, "", out);
  if (end == tokens.size()) return;
  const size_t offset = tokens[end].offset;
  out.edits.Replace(offset, tokens.back().end() - offset, "");
}

// DROP TABLE [IF EXISTS] a, b [CASCADE]
void RewriteDrop(std::string_view text, Tokens tokens, RewrittenStatement& out) {
  size_t begin = 2;
  if (begin + 1 < tokens.size() && tokens[begin].Is("if")) begin += 2;
  size_t end = tokens.size();
  std::string tail;
  if (end > begin && (tokens[end - 1].Is("cascade") || tokens[end - 1].Is("restrict"))) {
    --end;
    tail = " " + std::string(tokens[end].text);
  }
  SplitList(text, tokens, begin, end, tail, out);
}

// True where only a name can follow: after "(", ",", an operator or SELECT and the like.
bool NameMustFollow(const Token& token) {
  if (token.kind == TokenKind::kSymbol) return !token.IsSymbol(')') && !token.IsSymbol(']');
  for (const std::string_view word :
       {"select", "where", "and", "or", "not", "on", "by", "column", "set", "distinct", "when",
        "then", "else", "case", "between", "having"}) {
    if (token.Is(word)) return true;
  }
  return false;
}

void QuoteNames(Tokens tokens, TextEdits& edits) {
  for (size_t i = 1; i < tokens.size(); ++i) {
    if (!tokens[i].Is("at") && !tokens[i].Is("by")) continue;
    if (!NameMustFollow(tokens[i - 1])) continue;
    if (i + 1 < tokens.size() && (tokens[i + 1].IsSymbol('(') || tokens[i + 1].Is("time")))
      continue;
    edits.Replace(tokens[i].offset, tokens[i].text.size(), QuoteName(tokens[i].Name()));
  }
}

bool MentionsTable(Tokens tokens) {
  for (const Token& token : tokens.subspan(1, std::min<size_t>(tokens.size() - 1, 5))) {
    if (token.Is("table")) return true;
  }
  return false;
}

// '\x00ff'::bytea: DuckDB's parser reads the literal as its own form, \x00\xff, before any cast.
void RewriteByteLiterals(Tokens tokens, TextEdits& edits) {
  const auto is_bytea = [&](size_t at) {
    return at < tokens.size() && (tokens[at].Is("bytea") || tokens[at].Is("blob"));
  };
  for (size_t i = 1; i < tokens.size(); ++i) {
    const std::string_view literal = tokens[i].text;
    if (tokens[i].kind != TokenKind::kString || !literal.starts_with("'\\x")) continue;
    const bool has_operator =
        i + 1 < tokens.size() && (tokens[i + 1].text == "::" || tokens[i + 1].Is("as"));
    if (!is_bytea(i - 1) && !(has_operator && is_bytea(i + 2))) continue;
    const std::string_view digits = literal.substr(3, literal.size() - 4);
    if (digits.size() % 2 != 0 || !std::ranges::all_of(digits, IsHexDigit)) continue;
    std::string pairs = "'";
    for (size_t at = 0; at < digits.size(); at += 2) {
      pairs.append("\\x").append(digits.substr(at, 2));
    }
    edits.Replace(tokens[i].offset, literal.size(), pairs + "'");
  }
}

bool IsOperatorSymbol(const Token& token) {
  return token.kind == TokenKind::kSymbol && token.text.size() == 1 &&
         std::string_view("+-*/<>=~!@#%^&|`?").find(token.text[0]) != std::string_view::npos;
}

// DuckDB's own ~ matches the whole text.
std::string OperatorOf(std::string_view text) {
  if (text == "~") return "@~";
  if (text == "!~") return "!@~";
  return std::string(text);
}

// One past the last symbol of the operator that starts at `at`.
size_t OperatorEnd(Tokens tokens, size_t at) {
  size_t end = at;
  while (end < tokens.size() && IsOperatorSymbol(tokens[end]) &&
         (end == at || tokens[end].offset == tokens[end - 1].end())) {
    ++end;
  }
  return end;
}

void RewritePatternOperators(std::string_view text, Tokens tokens, TextEdits& edits) {
  for (size_t i = 1; i < tokens.size(); ++i) {
    if (!IsOperatorSymbol(tokens[i])) continue;
    const size_t end = OperatorEnd(tokens, i);
    const size_t offset = tokens[i].offset;
    const std::string_view name = text.substr(offset, tokens[end - 1].end() - offset);
    // ~ after an operator or a keyword is the bitwise one before its operand.
    if (!NameMustFollow(tokens[i - 1]) && OperatorOf(name) != name) {
      edits.Replace(offset, name.size(), OperatorOf(name));
    }
    i = end - 1;
  }
}

// OPERATOR(pg_catalog.~), as psql writes it.
void RewriteQualifiedOperators(std::string_view text, Tokens tokens, TextEdits& edits) {
  for (size_t i = 1; i + 5 < tokens.size(); ++i) {
    const bool qualified = tokens[i].Is("operator") && tokens[i + 1].IsSymbol('(') &&
                           tokens[i + 2].Is("pg_catalog") && tokens[i + 3].IsSymbol('.');
    if (!qualified) continue;
    const size_t end = OperatorEnd(tokens, i + 4);
    if (end == i + 4 || end == tokens.size() || !tokens[end].IsSymbol(')')) continue;
    const size_t name = tokens[i + 4].offset;
    const size_t offset = tokens[i].offset;
    edits.Replace(offset, tokens[end].end() - offset,
                  OperatorOf(text.substr(name, tokens[end - 1].end() - name)));
  }
}

// COLLATE pg_catalog.default; and a type's name behind :: or AS.
void RemoveCatalogName(Tokens tokens, TextEdits& edits) {
  for (size_t i = 1; i + 2 < tokens.size(); ++i) {
    if (!tokens[i].Is("pg_catalog") || !tokens[i + 1].IsSymbol('.')) continue;
    const bool is_type = tokens[i - 1].text == "::" || tokens[i - 1].Is("as");
    const bool is_collation = tokens[i - 1].Is("collate") && tokens[i + 2].Is("default");
    const size_t offset = is_collation ? tokens[i - 1].offset : tokens[i].offset;
    const size_t end = is_collation ? tokens[i + 2].end() : tokens[i + 1].end();
    if (is_type || is_collation) edits.Replace(offset, end - offset, "");
  }
}

}  // namespace

RewrittenStatement RewritePostgres(std::string_view text) {
  const std::vector<Token> tokens = Tokenize(text);
  RewrittenStatement statement{{}, {}, {}, TextEdits(text), std::nullopt};
  if (!tokens.empty()) {
    const Token& verb = tokens[0];
    if (verb.Is("create"))
      RemoveWord(Tokens(tokens).first(std::min<size_t>(tokens.size(), 2)), "unlogged",
                 statement.edits);
    if ((verb.Is("create") || verb.Is("alter")) && MentionsTable(tokens)) {
      SerialRewriter(tokens, statement).Run();
    }
    if (verb.Is("prepare")) RemovePrepareTypes(tokens, statement.edits);
    if (verb.Is("create") || verb.Is("alter")) {
      statement.table_options = TakeTableOptions(tokens, statement.edits);
    }
    if (verb.Is("truncate")) RewriteTruncate(text, tokens, statement);
    if (verb.Is("drop")) RewriteDrop(text, tokens, statement);
    QuoteNames(tokens, statement.edits);
    RewriteByteLiterals(tokens, statement.edits);
    RewriteQualifiedOperators(text, tokens, statement.edits);
    RewritePatternOperators(text, tokens, statement.edits);
    RemoveCatalogName(tokens, statement.edits);
    RewriteArrows(text, tokens, statement.edits);
  }
  statement.text = statement.edits.Apply();
  return statement;
}

}  // namespace luma::sql
