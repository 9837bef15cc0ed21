#include "sql/postgres_rewrite.h"

#include <optional>
#include <span>

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

void RemoveTruncateOptions(Tokens tokens, TextEdits& edits) {
  for (size_t i = 2; i < tokens.size(); ++i) {
    const bool option = tokens[i].Is("restart") || tokens[i].Is("continue") ||
                        tokens[i].Is("cascade") || tokens[i].Is("restrict");
    if (!option) continue;
    const size_t begin = tokens[i].offset;
    return edits.Replace(begin, tokens.back().end() - begin, "");
  }
}

bool MentionsTable(Tokens tokens) {
  for (const Token& token : tokens.subspan(1, std::min<size_t>(tokens.size() - 1, 5))) {
    if (token.Is("table")) return true;
  }
  return false;
}

}  // namespace

RewrittenStatement RewritePostgres(std::string_view text) {
  const std::vector<Token> tokens = Tokenize(text);
  RewrittenStatement statement{{}, {}, {}, TextEdits(text)};
  if (!tokens.empty()) {
    const Token& verb = tokens[0];
    if (verb.Is("create"))
      RemoveWord(Tokens(tokens).first(std::min<size_t>(tokens.size(), 2)), "unlogged",
                 statement.edits);
    if ((verb.Is("create") || verb.Is("alter")) && MentionsTable(tokens)) {
      SerialRewriter(tokens, statement).Run();
    }
    if (verb.Is("prepare")) RemovePrepareTypes(tokens, statement.edits);
    if (verb.Is("truncate")) RemoveTruncateOptions(tokens, statement.edits);
  }
  statement.text = statement.edits.Apply();
  return statement;
}

}  // namespace luma::sql
