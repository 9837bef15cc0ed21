#include "session/deallocation.h"

#include <vector>

#include "sql/sql_lexer.h"

namespace luma::session {

std::optional<Deallocation> ParseDeallocation(const sql::ParsedStatement& statement) {
  if (statement.command_tag != "DEALLOCATE") return std::nullopt;
  const std::vector<sql::Token> tokens = sql::Tokenize(statement.text);
  const size_t at = tokens.size() > 2 && tokens[1].Is("prepare") ? 2 : 1;
  if (tokens.size() != at + 1) return std::nullopt;  // the SQL layer words the syntax error
  if (tokens[at].Is("all")) return Deallocation{.all = true, .name = ""};
  return Deallocation{.all = false, .name = tokens[at].Name()};
}

}  // namespace luma::session
