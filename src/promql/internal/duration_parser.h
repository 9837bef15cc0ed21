// Durations in the grammar: numbers, and expressions of them.
#pragma once

#include <string_view>

#include "base/status.h"
#include "promql/duration.h"
#include "promql/internal/token_stream.h"

namespace luma::promql {

// Inside brackets: any expression. `context` completes "unexpected X in <context>".
Result<Duration> ReadDurationExpr(TokenStream& tokens, std::string_view context);

// After "offset": one operand, maybe signed; an expression needs parentheses.
Result<Duration> ReadDurationOperand(TokenStream& tokens, std::string_view context);

}  // namespace luma::promql
