#include "sql/setting_statements.h"

#include <algorithm>
#include <span>
#include <vector>

#include "sql/sql_lexer.h"

namespace luma::sql {
namespace {

using Action = SettingStatement::Action;
using Tokens = std::span<const Token>;

// They read the catalog and change nothing.
constexpr std::string_view kReadingPragmas[] = {
    "table_info", "show",       "show_tables",   "show_tables_expanded", "database_list",
    "version",    "platform",   "database_size", "storage_info",         "functions",
    "collations", "user_agent", "metadata_info"};

// Switches of DuckDB's own test suite.
bool IsTestPragma(std::string_view name) {
  return name.starts_with("verify_") || name.starts_with("force_") ||
         name == "enable_verification" || name == "disable_verification" ||
         name == "disable_verify_parallelism" || name == "disable_verify_external" ||
         name == "enable_object_cache" || name == "disable_object_cache";
}

// a, 'b', -1 -> "a, b, -1"
std::string ValueText(Tokens tokens) {
  std::string value;
  for (const Token& token : tokens) {
    if (token.IsSymbol(',')) {
      value += ", ";
    } else {
      value += token.Literal();
    }
  }
  return value;
}

SettingStatement Make(Action action, std::string name = "", std::string value = "") {
  SettingStatement statement;
  statement.action = action;
  statement.name = std::move(name);
  statement.value = std::move(value);
  return statement;
}

SettingStatement SetTo(std::string name, Tokens value) {
  const bool is_default = value.size() == 1 && value[0].Is("default");
  if (value.empty() || is_default) return Make(Action::kReset, std::move(name));
  return Make(Action::kSet, std::move(name), ValueText(value));
}

// name [.name] {= | TO} value
SettingStatement Assignment(Tokens tokens) {
  std::string name;
  size_t at = 0;
  while (at < tokens.size() && !tokens[at].IsSymbol('=') && !tokens[at].Is("to")) {
    name += tokens[at++].Name();
  }
  if (at == tokens.size()) return Make(Action::kDuckDb);  // DuckDB words the syntax error
  return SetTo(std::move(name), tokens.subspan(at + 1));
}

std::optional<bool> ReadOnlyModeIn(Tokens tokens) {
  for (size_t i = 1; i < tokens.size(); ++i) {
    if (!tokens[i - 1].Is("read")) continue;
    if (tokens[i].Is("only")) return true;
    if (tokens[i].Is("write")) return false;
  }
  return std::nullopt;
}

// SET TRANSACTION and SET SESSION CHARACTERISTICS: isolation levels have no effect, there is one.
SettingStatement TransactionModes(std::string name, Tokens modes) {
  const std::optional<bool> read_only = ReadOnlyModeIn(modes);
  if (!read_only) return Make(Action::kNothing);
  return Make(Action::kSet, std::move(name), *read_only ? "on" : "off");
}

SettingStatement ParseSet(Tokens tokens) {
  bool local = false;
  if (!tokens.empty() &&
      (tokens[0].Is("session") || tokens[0].Is("local") || tokens[0].Is("global"))) {
    local = tokens[0].Is("local");
    tokens = tokens.subspan(1);
  }
  if (tokens.empty() || tokens[0].Is("variable")) return Make(Action::kDuckDb);
  if (tokens[0].Is("transaction")) return TransactionModes("transaction_read_only", tokens);
  if (tokens[0].Is("characteristics")) {
    return TransactionModes("default_transaction_read_only", tokens);
  }
  for (const std::string_view word : {"constraints", "authorization", "role"}) {
    if (tokens[0].Is(word)) return Make(Action::kNothing);
  }
  SettingStatement statement;
  if (tokens[0].Is("time") && tokens.size() > 2) {  // SET TIME ZONE 'UTC'
    const bool is_default = tokens[2].Is("local") || tokens[2].Is("default");
    statement =
        is_default ? Make(Action::kReset, "timezone") : SetTo("timezone", tokens.subspan(2));
  } else if (tokens[0].Is("names")) {
    statement = SetTo("client_encoding", tokens.subspan(1));
  } else if (tokens[0].Is("schema") && tokens.size() == 2) {
    statement = SetTo("search_path", tokens.subspan(1));
  } else {
    statement = Assignment(tokens);
  }
  statement.local = local;
  return statement;
}

SettingStatement ParseShow(Tokens tokens) {
  if (tokens.empty()) return Make(Action::kDuckDb);
  if (tokens[0].Is("all") && tokens.size() == 1) return Make(Action::kShowAll);
  if (tokens[0].Is("time") && tokens.size() > 1) return Make(Action::kShow, "timezone");
  if (tokens[0].Is("transaction")) return Make(Action::kShow, "transaction_isolation");
  if (tokens[0].Is("session")) return Make(Action::kShow, "session_authorization");
  if (tokens.size() != 1 && !tokens[1].IsSymbol('.')) return Make(Action::kDuckDb);
  std::string name;
  for (const Token& token : tokens) name += token.Name();
  return Make(Action::kShow, std::move(name));
}

SettingStatement ParsePragma(Tokens tokens) {
  if (tokens.empty()) return Make(Action::kDuckDb);
  const std::string name = tokens[0].Name();
  if (std::ranges::find(kReadingPragmas, name) != std::end(kReadingPragmas)) {
    return Make(Action::kDuckDb);
  }
  if (IsTestPragma(name)) return Make(Action::kNothing);
  if (tokens.size() > 2 && tokens[1].IsSymbol('=')) return SetTo(name, tokens.subspan(2));
  return Make(Action::kRefused, name);
}

SettingStatement ParseDiscard(Tokens tokens) {
  return Make(!tokens.empty() && tokens[0].Is("all") ? Action::kDiscardAll : Action::kNothing);
}

}  // namespace

SettingStatement ParseSettingStatement(std::string_view text) {
  const std::vector<Token> tokens = Tokenize(text);
  const Tokens rest = Tokens(tokens).subspan(1);
  const Token& verb = tokens[0];
  if (verb.Is("set")) return ParseSet(rest);
  if (verb.Is("show")) return ParseShow(rest);
  if (verb.Is("pragma")) return ParsePragma(rest);
  if (verb.Is("discard")) return ParseDiscard(rest);
  if (verb.Is("use") && !rest.empty()) return Make(Action::kSet, "search_path", rest.back().Name());
  if (verb.Is("reset") && !rest.empty()) {
    if (rest[0].Is("all")) return Make(Action::kResetAll);
    return Make(Action::kReset, rest[0].Name());
  }
  return Make(Action::kDuckDb);
}

std::optional<bool> ReadOnlyMode(std::string_view begin_statement) {
  return ReadOnlyModeIn(Tokenize(begin_statement));
}

}  // namespace luma::sql
