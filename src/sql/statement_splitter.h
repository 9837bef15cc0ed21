// Statements of a query string: where each begins and ends, and what it is.
#pragma once

#include <string_view>
#include <vector>

#include "base/status.h"
#include "sql/database.h"
#include "sql/sql_lexer.h"

namespace luma::sql {

// What a query string may have, since parsing multiplies it: a token of two bytes takes some 500
// bytes in the parser and the planner (measured with "SELECT 1,1,...").
inline constexpr size_t kQueryBytesMax = 16 << 20;
inline constexpr size_t kQueryTokensMax = 2'000'000;

// Splits at semicolons and classifies by the leading keywords; checks no syntax except that of
// COPY. Errors: kSyntaxError, kPermissionDenied (COPY from or to a file), kUnsupported (CREATE,
// ALTER and DROP DATABASE, savepoints, LISTEN, LOCK), 54001 for more than the above.
Result<std::vector<ParsedStatement>> SplitStatements(std::string_view text);

// The position of `offset` bytes into `text`, counted from 1 in characters as PostgreSQL does.
int CharacterPosition(std::string_view text, size_t offset);

}  // namespace luma::sql
