// COPY ... FROM STDIN and COPY ... TO STDOUT, with the options of both syntaxes.
#pragma once

#include <span>
#include <string_view>

#include "base/status.h"
#include "sql/database.h"
#include "sql/sql_lexer.h"

namespace luma::sql {

// Fills kind, copy, returns_rows and, for TO STDOUT, text (the inner query) of `statement`.
// `tokens` are those of `text`, the first being COPY. Errors: kSyntaxError; kPermissionDenied for
// files and programs; kUnsupported for options that are not known.
Status ParseCopy(std::string_view text, std::span<const Token> tokens, ParsedStatement& statement);

}  // namespace luma::sql
