// PostgreSQL's -> and ->> bind tighter than comparisons, DuckDB's looser.
//
//   doc->'a'->>'b' = 'x'      ((doc->'a')->>'b') = 'x'
#pragma once

#include <span>
#include <string_view>

#include "sql/sql_lexer.h"
#include "sql/text_edits.h"

namespace luma::sql {

// Puts parentheses around chains of arrows whose right operands are literals or parameters; others
// may be lambdas. The left operand is a name, a call, something in parentheses, a subscript, or one
// of these with a cast. Others stay as DuckDB reads them: fields of values, as in (r).doc and
// l[1].doc, calls with OVER, FILTER or WITHIN GROUP, COLLATE, ARRAY[...], and literals with a type.
// To be called after all other edits of the text have been made.
void RewriteArrows(std::string_view text, std::span<const Token> tokens, TextEdits& edits);

}  // namespace luma::sql
