#include "sql/statement_splitter.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "sql/copy_statement.h"

namespace luma::sql {
namespace {

using Tokens = std::span<const Token>;

struct Keyword {
  std::string_view first;
  StatementKind kind;
  bool returns_rows;
  std::string_view tag;
};

// By the first keyword. A tag that ends in a blank is completed by the words that follow.
constexpr Keyword kKeywords[] = {
    {"select", StatementKind::kSelect, true, "SELECT"},
    {"with", StatementKind::kSelect, true, "SELECT"},
    {"from", StatementKind::kSelect, true, "SELECT"},
    {"values", StatementKind::kSelect, true, "SELECT"},
    {"table", StatementKind::kSelect, true, "SELECT"},
    {"pivot", StatementKind::kSelect, true, "SELECT"},
    {"unpivot", StatementKind::kSelect, true, "SELECT"},
    {"describe", StatementKind::kSelect, true, "SELECT"},
    {"desc", StatementKind::kSelect, true, "SELECT"},
    {"summarize", StatementKind::kSelect, true, "SELECT"},
    {"execute", StatementKind::kSelect, true, "SELECT"},
    {"call", StatementKind::kSelect, true, "SELECT"},
    {"pragma", StatementKind::kSelect, true, "SELECT"},
    {"insert", StatementKind::kInsert, false, "INSERT 0"},
    {"update", StatementKind::kUpdate, false, "UPDATE"},
    {"delete", StatementKind::kDelete, false, "DELETE"},
    {"merge", StatementKind::kMerge, false, "MERGE"},
    {"begin", StatementKind::kBegin, false, "BEGIN"},
    {"start", StatementKind::kBegin, false, "START TRANSACTION"},
    {"commit", StatementKind::kCommit, false, "COMMIT"},
    {"end", StatementKind::kCommit, false, "COMMIT"},
    {"rollback", StatementKind::kRollback, false, "ROLLBACK"},
    {"abort", StatementKind::kRollback, false, "ROLLBACK"},
    {"create", StatementKind::kDdl, false, "CREATE "},
    {"drop", StatementKind::kDdl, false, "DROP "},
    {"alter", StatementKind::kDdl, false, "ALTER "},
    {"truncate", StatementKind::kDdl, false, "TRUNCATE TABLE"},
    {"comment", StatementKind::kDdl, false, "COMMENT"},
    {"set", StatementKind::kSet, false, "SET"},
    {"reset", StatementKind::kSet, false, "RESET"},
    {"discard", StatementKind::kSet, false, "DISCARD ALL"},
    {"unlisten", StatementKind::kOther, false, "UNLISTEN"},
    {"deallocate", StatementKind::kOther, false, "DEALLOCATE"},
    {"prepare", StatementKind::kOther, false, "PREPARE"},
    {"vacuum", StatementKind::kOther, false, "VACUUM"},
    {"analyze", StatementKind::kOther, false, "ANALYZE"},
    {"checkpoint", StatementKind::kOther, false, "CHECKPOINT"},
    {"use", StatementKind::kSet, false, "SET"},
    {"show", StatementKind::kShow, true, "SHOW"},
    {"explain", StatementKind::kExplain, true, "EXPLAIN"},
};

constexpr std::string_view kObjectWords[] = {"table",  "view",  "index",    "schema",   "sequence",
                                             "type",   "macro", "function", "unique",   "database",
                                             "secret", "role",  "user",     "extension"};

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

bool Contains(Tokens tokens, std::string_view keyword) {
  return std::ranges::any_of(tokens, [&](const Token& token) { return token.Is(keyword); });
}

// CREATE OR REPLACE TEMP TABLE -> "CREATE TABLE"
std::string ObjectTag(std::string_view verb, Tokens tokens) {
  for (const Token& token : tokens.subspan(1, std::min<size_t>(tokens.size() - 1, 6))) {
    for (const std::string_view word : kObjectWords) {
      if (!token.Is(word)) continue;
      if (word == "unique") return std::string(verb) + "INDEX";
      if (word == "macro") return std::string(verb) + "FUNCTION";
      return std::string(verb) + Upper(word);
    }
  }
  return std::string(verb.substr(0, verb.size() - 1));
}

// The statement behind WITH ... AS (...): INSERT and the like may follow the common table
// expressions.
const Token* MainVerb(Tokens tokens) {
  int depth = 0;
  for (const Token& token : tokens) {
    if (token.IsSymbol('(')) ++depth;
    if (token.IsSymbol(')')) --depth;
    if (depth > 0) continue;
    for (const std::string_view verb :
         {"select", "insert", "update", "delete", "merge", "values", "from", "table"}) {
      if (token.Is(verb)) return &token;
    }
  }
  return nullptr;
}

void ApplyKeyword(const Keyword& keyword, Tokens tokens, ParsedStatement& statement) {
  statement.kind = keyword.kind;
  statement.returns_rows = keyword.returns_rows;
  statement.command_tag =
      keyword.tag.ends_with(' ') ? ObjectTag(keyword.tag, tokens) : std::string(keyword.tag);
}

void Classify(Tokens tokens, ParsedStatement& statement) {
  const Token* verb = &tokens[0];
  if (verb->Is("with")) {
    const Token* main = MainVerb(tokens.subspan(1));
    if (main != nullptr) verb = main;
  }
  statement.command_tag = Upper(verb->text);
  for (const Keyword& keyword : kKeywords) {
    if (verb->Is(keyword.first)) ApplyKeyword(keyword, tokens, statement);
  }
  if (verb->IsSymbol('(')) ApplyKeyword(kKeywords[0], tokens, statement);
  const bool changes_rows =
      statement.kind == StatementKind::kInsert || statement.kind == StatementKind::kUpdate ||
      statement.kind == StatementKind::kDelete || statement.kind == StatementKind::kMerge;
  if (changes_rows && Contains(tokens, "returning")) statement.returns_rows = true;
  if (tokens[0].Is("set") && tokens.size() > 1 && tokens[1].Is("transaction")) {
    statement.command_tag = "SET";
  }
}

int CountParameters(Tokens tokens) {
  int highest = 0;
  int marks = 0;
  for (const Token& token : tokens) {
    if (token.IsSymbol('?')) ++marks;
    if (token.kind != TokenKind::kParameter) continue;
    int number = 0;
    std::from_chars(token.text.data() + 1, token.text.data() + token.text.size(), number);
    highest = std::max(highest, number);
  }
  return std::max(highest, marks);
}

Status TooLong(std::string_view what, size_t has, size_t limit) {
  return Status::TooLarge("query is too long: ", what, "=", has, " limit=", limit)
      .WithSqlState("54001")
      .WithHint("Load rows with COPY, or with a prepared statement and its parameters.");
}

// What PostgreSQL has and LumaDB does not, by the first words.
Status CheckSupported(Tokens tokens) {
  const Token& verb = tokens.front();
  const bool to_savepoint = verb.Is("rollback") && Contains(tokens, "to");
  if (verb.Is("savepoint") || verb.Is("release") || to_savepoint) {
    return Status::Unsupported("savepoints are not supported");
  }
  if (verb.Is("listen") || verb.Is("notify")) {
    return Status::Unsupported("LISTEN and NOTIFY are not supported");
  }
  if (verb.Is("lock")) {
    return Status::Unsupported("LOCK TABLE is not supported")
        .WithHint(
            "Readers and writers do not block each other; of two transactions that change "
            "the same rows, the second fails with 40001.");
  }
  return Status::Ok();
}

// `text_offset`: characters of `text` before the first token.
Result<ParsedStatement> ParseOne(std::string_view text, Tokens tokens, int text_offset) {
  LUMA_RETURN_IF_ERROR(CheckSupported(tokens));
  ParsedStatement statement;
  const size_t begin = tokens.front().offset;
  statement.text = std::string(text.substr(begin, tokens.back().end() - begin));
  statement.text_offset = text_offset;
  statement.parameter_count = CountParameters(tokens);
  if (!tokens.front().Is("copy")) {
    Classify(tokens, statement);
    if (statement.command_tag.ends_with(" DATABASE")) {
      return Status::Unsupported(statement.command_tag, " is not supported")
          .WithHint("There is one database; use schemas.");
    }
    return statement;
  }
  const std::vector<Token> own_tokens = Tokenize(statement.text);
  const std::string own_text = statement.text;
  const Status status = ParseCopy(own_text, own_tokens, statement);
  if (!status.ok()) {
    return status.sql_position() == 0
               ? status
               : status.WithSqlPosition(status.sql_position() + statement.text_offset);
  }
  return statement;
}

}  // namespace

int CharacterPosition(std::string_view text, size_t offset) {
  const auto prefix = text.substr(0, offset);
  const auto is_continuation = [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
  };
  return static_cast<int>(prefix.size() - std::ranges::count_if(prefix, is_continuation)) + 1;
}

Result<std::vector<ParsedStatement>> SplitStatements(std::string_view text) {
  if (text.size() > kQueryBytesMax) return TooLong("bytes", text.size(), kQueryBytesMax);
  const std::vector<Token> tokens = Tokenize(text);
  if (tokens.size() > kQueryTokensMax) return TooLong("tokens", tokens.size(), kQueryTokensMax);
  std::vector<ParsedStatement> statements;
  size_t begin = 0;
  size_t counted = 0;  // the characters before this offset are in text_offset
  int text_offset = 0;
  for (size_t i = 0; i <= tokens.size(); ++i) {
    if (i < tokens.size() && !tokens[i].IsSymbol(';')) continue;
    if (i > begin) {
      const size_t offset = tokens[begin].offset;
      text_offset += CharacterPosition(text.substr(counted), offset - counted) - 1;
      counted = offset;
      LUMA_ASSIGN_OR_RETURN(auto statement,
                            ParseOne(text, Tokens(tokens).subspan(begin, i - begin), text_offset));
      statements.push_back(std::move(statement));
    }
    begin = i + 1;
  }
  return statements;
}

}  // namespace luma::sql
